from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Klio

JOB = """
job_name: transcoder
pipeline_options:
  runner: DataflowRunner
  project: studio-eu
  streaming: true
  temp_location: gs://studio-dataflow/temp
  sdk_container_image: europe-docker.pkg.dev/studio/jobs/transcoder:v1
  max_num_workers: 20
  autoscaling_algorithm: THROUGHPUT_BASED
  resources:
    min_ram: 8GB
job_config: {}
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job for Dataflow on a machine that has neither an engine nor credentials."""
    for name in ("USER", "CI", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    directory = tmp_path / "job"
    directory.mkdir()
    (directory / "klio-job.yaml").write_text(JOB)
    (directory / "job-requirements.txt").write_text("klio[dataflow]\n")
    return directory


@pytest.mark.parametrize("command", ["run", "deploy"])
def test_a_dry_run_shows_what_would_be_launched_and_asks_nobody(klio: Klio, job: Path, command: str):
    screen = klio("job", command, "-j", job, "--dry-run", "--update", "-O", "pipeline_options.num_workers=3")

    assert screen.status == 0, screen.err
    assert screen.err == (
        "events.dead_letters is not set: dead letters go to gs://studio-dataflow/temp/klio-dead-letters/transcoder\n"
    )
    above, _, below = screen.out.partition("from a container with\n")
    assert above == (
        "transcoder would be launched on Dataflow so:\n"
        "  job                    transcoder, streaming, in the place of the one that runs\n"
        "  project                studio-eu, europe-west1\n"
        "  account                the default of Compute Engine in that project\n"
        "  image                  europe-docker.pkg.dev/studio/jobs/transcoder:v1\n"
        "  workers                3 at first, 20 at most\n"
        "  each                   n1-standard-2, 32 GB of disk\n"
        "  staging_location       gs://studio-dataflow/temp\n"
        "  temp_location          gs://studio-dataflow/temp\n"
        "  autoscaling_algorithm  THROUGHPUT_BASED\n"
        "  labels                 klio-exec=26-11-0, klio-core=26-11-0, klio=26-11-0\n"
        "  resource_hints         min_ram=8GB\n"
    )
    assert "klioexec run --job-dir=/usr/src/app --config-file=/run/klio/klio-job.yaml --update\n" in below


def test_without_autoscaling_the_workers_are_as_many_as_there_are(klio: Klio, job: Path):
    screen = klio("job", "run", "-j", job, "--dry-run", "-O", "pipeline_options.autoscaling_algorithm=NONE")

    assert "  workers                2, always\n" in screen.out


@pytest.mark.parametrize("command", ["run", "deploy"])
def test_what_is_missing_is_told_before_an_engine_is_asked(klio: Klio, job: Path, command: str):
    screen = klio("job", command, "-j", job, "-O", "pipeline_options.temp_location=/tmp")

    assert (screen.status, screen.out) == (2, "")
    assert "pipeline_options.temp_location: no place that workers see: /tmp\n" in screen.err


def test_an_image_that_can_be_pushed_nowhere_is_told_before_an_engine_is_asked(klio: Klio, job: Path):
    screen = klio("job", "run", "-j", job, "-O", "pipeline_options.sdk_container_image=transcoder")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: the job file does not say where its image is pushed to\n")


def test_without_an_engine_nothing_is_launched(klio: Klio, job: Path):
    screen = klio("job", "deploy", "-j", job)

    assert (screen.status, screen.out) == (5, "")
    assert screen.err.startswith("Error: no container engine answers\n")


def test_a_job_of_this_machine_is_not_deployed(klio: Klio, job: Path):
    screen = klio("job", "deploy", "-j", job, "-O", "pipeline_options.runner=DirectRunner")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: transcoder runs neither on Dataflow nor on Kubernetes\n"
        "  got: runner: DirectRunner\n"
        "  to do: `klio job run` runs it on this machine\n"
    )


def test_what_is_replaced_in_place_does_not_drain(klio: Klio, job: Path):
    screen = klio("job", "deploy", "-j", job, "--drain", "--update")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: --drain and --update exclude each other\n")
