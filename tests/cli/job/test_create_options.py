"""What can be chosen of a new job by options, under today's names and under those of klio 22.3."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from klio_cli.new_job.templates import KINDS
from klio_core.config import KlioConfig, load

FILES = {"README.md", "Dockerfile", ".dockerignore", ".gitignore", ".klio-job.schema.json", "job-requirements.txt",
         "klio-job.yaml", "run.py", "transforms.py", "test_transforms.py"}  # fmt: skip


@pytest.fixture
def made(klio, tmp_path: Path):
    """Make a job with these options; its job file, read again."""

    def make(*options: str) -> KlioConfig:
        screen = klio("job", "create", "hello", "--output", tmp_path / "j", *options)
        assert screen.status == 0, screen.err
        return load(tmp_path / "j" / "klio-job.yaml")

    return make


@pytest.mark.parametrize("template", KINDS)
def test_each_template_has_all_that_a_job_has(klio, tmp_path: Path, template: str):
    made = klio("job", "create", "hello", "--template", template, "--output", tmp_path / "j")

    assert made.status == 0, made.err
    assert {path.name for path in (tmp_path / "j").iterdir()} >= FILES
    first = (tmp_path / "j" / "klio-job.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=.klio-job.schema.json"


@pytest.mark.parametrize("template", sorted(set(KINDS) - {"separator"}))  # tests/separator has what that one imports
def test_each_template_passes_verification(klio, tmp_path: Path, template: str):
    klio("job", "create", "hello", "--template", template, "--output", tmp_path / "j")
    verified = klio("job", "verify", "--offline", "-j", tmp_path / "j")

    assert verified.status == 0, verified.out
    assert " 0 failed" in verified.out


def test_an_example_is_made_for_the_name_and_the_project_of_the_new_job(made, tmp_path: Path):
    config = made("--template", "automixer", "--gcp-project", "studio-eu")

    (events_in,), (data_in,) = config.job_config.events.inputs, config.job_config.data.inputs
    assert (config.job_name, config.pipeline_options.runner) == ("hello", "DirectRunner")
    assert events_in.subscription == "projects/studio-eu/subscriptions/hello-input"
    assert data_in.location == "gs://studio-eu-hello/tracks"
    readme = (tmp_path / "j" / "README.md").read_text()
    assert readme.startswith("# hello\n")
    assert "automixer" not in readme
    assert "klio-local" not in readme
    assert not {"demo.py", "vanilla_beam.py", ".klio"} & {path.name for path in (tmp_path / "j").iterdir()}


def test_requirements_are_pinned_to_the_versions_in_use(made, tmp_path: Path):
    made("--template", "automixer")

    lines = (tmp_path / "j" / "job-requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines)
    assert pins == {name: metadata.version(name.partition("[")[0]) for name in pins}
    assert {"klio[exec]", "librosa", "numpy", "soundfile"} <= set(pins)


# Each as klio 22.3 has it, and where it is in the job file.
OPTIONS: list[tuple[str, str, str, Any]] = [
    ("", "--region=us-east1", "pipeline_options.region", "us-east1"),
    ("", "--experiments=beam_fn_api,shuffle_mode=auto", "pipeline_options.experiments",
     ["beam_fn_api", "shuffle_mode=auto"]),
    ("", "--num-workers=3", "pipeline_options.num_workers", 3),
    ("", "--max-num-workers=7", "pipeline_options.max_num_workers", 7),
    ("", "--autoscaling-algorithm=THROUGHPUT_BASED", "pipeline_options.autoscaling_algorithm", "THROUGHPUT_BASED"),
    ("", "--disk-size-gb=64", "pipeline_options.disk_size_gb", 64),
    ("", "--worker-machine-type=n2-highmem-4", "pipeline_options.machine_type", "n2-highmem-4"),
    ("", "--machine-type=n2-highmem-4", "pipeline_options.machine_type", "n2-highmem-4"),
    ("", "--worker-image=gcr.io/p/worker", "pipeline_options.sdk_container_image", "gcr.io/p/worker"),
    ("", "--staging-location=gs://b/staging", "pipeline_options.staging_location", "gs://b/staging"),
    ("", "--temp-location=gs://b/temp", "pipeline_options.temp_location", "gs://b/temp"),
    ("", "--output-topic=projects/p-elsewhere/topics/out", "job_config.events.outputs.0.topic",
     "projects/p-elsewhere/topics/out"),
    ("", "--input-data-location=gs://b/in", "job_config.data.inputs.0.location", "gs://b/in"),
    ("", "--input-data-location=in", "job_config.data.inputs.0.type", "file"),
    ("", "--output-data-location=gs://b/out", "job_config.data.outputs.0.location", "gs://b/out"),
    ("batch", "--batch-event-input=/mnt/ids.txt", "job_config.events.inputs.0.file_pattern", "/mnt/ids.txt"),
    ("batch", "--batch-event-output=done", "job_config.events.outputs.0.file_path_prefix", "done"),
    ("batch", "--batch-data-input=in", "job_config.data.inputs.0.location", "in"),
    ("batch", "--batch-data-output=gs://b/out", "job_config.data.outputs.0.type", "gcs"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "option", "path", "expected"), OPTIONS, ids=[one[1] for one in OPTIONS])
def test_an_option_is_a_key_of_the_job_file(made, template: str, option: str, path: str, expected: object):
    found: Any = made(*(["--template", template] if template else []), option)

    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)
    assert found == expected


def test_an_option_and_its_value_may_be_two_words(made):
    assert made("--gcp-project", "studio-eu", "--region", "us-east1").pipeline_options.region == "us-east1"


def test_a_job_whose_image_is_built_elsewhere_has_no_dockerfile(made, tmp_path: Path):
    made("--worker-image", "gcr.io/p/worker")

    assert not (tmp_path / "j" / "Dockerfile").exists()


@pytest.mark.parametrize("version", ["3.13", "3.13.2"])
def test_the_image_has_the_python_that_was_chosen(made, tmp_path: Path, version: str):
    made("--python-version", version)

    assert (tmp_path / "j" / "Dockerfile").read_text().startswith("FROM apache/beam_python3.13_sdk:")


def test_a_job_on_kubernetes_runs_the_image_that_was_chosen(made, tmp_path: Path):
    made("--template", "kubernetes", "--worker-image", "gcr.io/p/worker")

    assert "          image: gcr.io/p/worker:v1\n" in (tmp_path / "j" / "kubernetes" / "deployment.yaml").read_text()


def test_the_autoscaler_counts_the_events_of_the_topic_that_was_chosen(made, tmp_path: Path):
    config = made("--template=kubernetes", "--autoscale", "--input-topic=projects/studio-eu/topics/cuts")

    (events_in,) = config.job_config.events.inputs
    assert events_in.subscription == "projects/klio-local/subscriptions/cuts-hello"
    assert "subscription_id: cuts-hello\n" in (tmp_path / "j" / "kubernetes" / "autoscaler.yaml").read_text()


def test_parents_are_given_as_klio_has_them_written(made):
    config = made("--input-data-location", "gs://b/in", "--dependency", "job-name=cut", "gcp-project=studio-eu",
                  "input-topic=projects/studio-eu/topics/cut-in", "--dependency",
                  "job-name=tag input-topics=projects/p-a/topics/one,projects/p-a/topics/two")  # fmt: skip

    first, second = config.job_config.dependencies
    assert (first.job_name, first.gcp_project) == ("cut", "studio-eu")
    assert first.input_topics == ("projects/studio-eu/topics/cut-in",)
    assert second.input_topics == ("projects/p-a/topics/one", "projects/p-a/topics/two")


@pytest.mark.parametrize("written", ["--use-fnapi", "--use-fnapi=false", "--create-resources=false"])
def test_switches_of_klio_stand_alone_or_with_a_value(made, written: str):
    assert made(written).job_name == "hello"


def test_the_name_may_be_an_option(klio, tmp_path: Path):
    alone = klio("job", "create", "--job-name", "hello", "--output", tmp_path / "j")
    twice = klio("job", "create", "hallo", "--job-name", "hello", "--output", tmp_path / "k")

    assert alone.out.startswith("Created hello, a streaming job:\n")
    assert twice.err == "Error: NAME and --job-name are two names of one job\n  got: hallo and hello\n"


REFUSED = {
    "--batch-event-input a.txt": (
        "--batch-event-input is not for --template streaming\n  to do: it is for --template batch"
    ),
    "--template batch --input-topic projects/p-a/topics/one": (
        "--input-topic is not for --template batch\n  to do: it is for --template streaming or --template kubernetes"
    ),
    "--num-workers two": (
        "not a value for this key\n  at: --num-workers (pipeline_options.num_workers)\n"
        "  expected: a whole number\n  got: 'two'"
    ),
    "--autoscaling-algorithm FAST": (
        "not a value for this key\n  at: --autoscaling-algorithm (pipeline_options.autoscaling_algorithm)\n"
        "  expected: THROUGHPUT_BASED, NONE\n  got: 'FAST'"
    ),
    "--output-data-location s3://b/out": (
        "not a place on this machine\n  at: --output-data-location (job_config.data.outputs[0].location)\n"
        "  expected: a path\n  got: 's3://b/out'"
    ),
    "--dependency name=cut": (
        "not what a dependency has\n  at: --dependency\n"
        "  expected: gcp-project=…, input-topic=…, input-topics=…, job-name=…, region=…\n  got: 'name'"
    ),
    "--template kubernetes --runner DataflowRunner": (
        "--template kubernetes is run by the DirectGKERunner\n  got: --runner DataflowRunner"
    ),
    "--python-version 3.7": (
        "Beam has no image for this Python\n  at: --python-version\n  expected: 3.11, 3.12, 3.13\n  got: 3.7"
    ),
    "--template automixer --job-type batch": "--template automixer is a streaming job\n  got: --job-type batch",
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_cannot_be_chosen_is_told_with_its_option(klio, tmp_path: Path, options: str):
    screen = klio("job", "create", "hello", *options.split(), "--output", tmp_path / "j")

    assert (screen.status, screen.out, screen.err) == (2, "", f"Error: {REFUSED[options]}\n")
    assert list(tmp_path.iterdir()) == []
