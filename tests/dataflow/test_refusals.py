"""What keeps a job from being submitted: each is said at once, with its cause, before anything is staged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.dataflow.conftest import HOME, Site
from tests.dataflow.test_submission import CONFIG, written
from tests.flow.kit import Cloud

pytestmark = pytest.mark.slow  # each asks for a launch from a process of its own

NOWHERE = "http://localhost:9"  # the port that discards, where nobody listens


@pytest.fixture
def job(tmp_path: Path, site: Site, cloud: Cloud) -> Path:
    cloud.put("gs://bucket/names.txt", b"ada\n")
    config = json.loads(json.dumps(CONFIG))
    config["pipeline_options"]["dataflow_endpoint"] = site.address
    for old in ("worker_machine_type", "worker_disk_type", "label"):
        del config["pipeline_options"][old]
    config["pipeline_options"]["sdk_container_image"] = config["pipeline_options"].pop("worker_harness_container_image")
    return written(tmp_path / "job", config)


def nothing_was_submitted(site: Site) -> bool:
    return site.service.jobs == [] and not any("POST" in request for request in site.service.requests)


def test_everything_that_is_missing_is_told_at_once(site: Site, tmp_path: Path):
    events = {
        "inputs": [{"type": "file", "location": "ids.txt"}],
        "dead_letters": {"type": "file", "location": "dead.jsonl"},
    }
    data = {"outputs": [{"type": "file", "location": "./out"}]}
    config = {"job_name": "Shout", "pipeline_options": {"streaming": False, "staging_location": "/tmp/staging"}}
    config["job_config"] = {"events": events, "data": data}
    job = tmp_path / "job"
    job.mkdir()
    (job / "klio-job.yaml").write_text(yaml.safe_dump(config))

    done = site.run(job)

    file = f"{job}/klio-job.yaml"
    assert (done.status, done.out) == (2, "")
    elsewhere = "  to do: name a topic, or a place in a bucket: gs://…\n"
    assert done.err == (
        f"Error: {file} cannot be used: 7 problems\n"
        f"{file}: pipeline_options.project: Dataflow needs it\n"
        "  to do: name the Google Cloud project that pays for the run\n"
        f"{file}: pipeline_options.staging_location: no place that workers see: /tmp/staging\n"
        "  to do: name a bucket: gs://…\n"
        f"{file}: pipeline_options.job_name: no name that Dataflow takes: Shout\n"
        "  to do: lower-case letters, digits and -, beginning with a letter; `pipeline_options.job_name` may differ\n"
        f"{file}: pipeline_options.sdk_container_image: the workers have no klio and no code of the job\n"
        "  to do: name the job's image; `--image-tag` adds its tag\n"
        f"{file}: job_config.events.dead_letters: no place that workers see: dead.jsonl\n{elsewhere}"
        f"{file}: job_config.events.inputs[0]: no place that workers see: ids.txt\n{elsewhere}"
        f"{file}: job_config.data.outputs[0]: no place that workers see: ./out\n{elsewhere}"
    )
    assert nothing_was_submitted(site)


def test_flags_of_runs_on_this_machine_are_refused(site: Site, job: Path):
    done = site.run(job, "--exit-when-idle", 3, "--max-failures", 2)

    assert (done.status, done.err) == (
        2,
        (
            "Error: --exit-when-idle, --max-failures: only a run on this machine knows that\n"
            "  to do: leave it out, or add --local\n"
        ),
    )


def test_without_credentials_that_is_said(site: Site, job: Path, tmp_path: Path):
    done = site.run(job, GOOGLE_APPLICATION_CREDENTIALS="", HOME=str(tmp_path), CLOUDSDK_CONFIG=str(tmp_path))

    assert done.status == 6
    assert done.err.startswith("Error: this machine has no credentials for Google Cloud\n")
    todo = "`gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS"
    assert done.err.endswith(f"  to do: {todo}\n")
    assert site.service.requests == []


def test_credentials_that_nobody_takes_are_told_without_their_secret(site: Site, job: Path):
    key = json.loads(site.key.read_text())
    site.key.write_text(json.dumps(key | {"token_uri": f"{NOWHERE}/token"}))

    done = site.run(job, "--verbose")

    assert done.status == 6
    assert "Error: Google did not take this machine's credentials\n  got: TransportError: " in done.err
    assert key["private_key"].splitlines()[1] not in done.err


def test_a_network_that_is_not_there_is_told_with_the_address(site: Site, job: Path):
    done = site.run(job, f"-Opipeline_options.dataflow_endpoint={NOWHERE}")

    assert done.status == 6
    assert done.err.startswith(
        "Error: Dataflow does not answer\n"
        f"  at: {NOWHERE}/v1b3/projects/studio/locations/europe-west1/jobs\n"
        "  got: ConnectionError: "
    )


def test_a_wrong_project_is_told_in_the_services_own_words(site: Site, job: Path):
    site.service.refuses = (403, "Permission denied on resource project studio.")

    done = site.run(job)

    assert (done.status, done.err) == (
        6,
        (
            "Error: Dataflow refused\n"
            f"  at: {site.address}/v1b3/projects/studio/locations/europe-west1/jobs\n"
            "  got: 403 Permission denied on resource project studio.\n"
            "  to do: have this account allowed to use Dataflow in this project; check the project's name\n"
        ),
    )


def test_a_job_that_runs_already_is_left_alone(site: Site, job: Path):
    running = site.service.add("shout", "studio", state="RUNNING")

    done = site.run(job)

    assert (done.status, done.err) == (
        6,
        (
            "Error: a job named shout is on Dataflow already\n"
            f"  at: {HOME}/{running.id}?project=studio\n"
            "  got: RUNNING\n"
            "  to do: `--update` replaces it in place, `klio job stop` ends it\n"
        ),
    )
    assert len(site.service.jobs) == 1


def test_an_update_names_the_job_that_it_replaces(site: Site, job: Path):
    running = site.service.add("shout", "studio", state="RUNNING")

    done = site.run(job, "--update")

    assert done.status == 0, done.err
    assert site.service.jobs[0].body["replaceJobId"] == running.id


def test_an_update_of_a_job_that_does_not_run_starts_it(site: Site, job: Path):
    site.service.add("shout", "studio", state="DONE")

    done = site.run(job, "--update")

    assert done.status == 0, done.err
    assert "no job named shout is running: it is started anew\n" in done.err
    assert "replaceJobId" not in site.service.jobs[0].body


def test_code_that_cannot_be_loaded_is_told_at_its_line(site: Site, job: Path):
    (job / "run.py").write_text("def run(in_pcol, config):\n    raise ValueError('no')\n")

    done = site.run(job)

    assert done.status == 4
    assert done.err.startswith(
        f"Error: run() raised\n  at: {job}/run.py:2\n      raise ValueError('no')\n  got: ValueError: no\n"
    )
    assert nothing_was_submitted(site)
