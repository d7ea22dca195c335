"""Jobs that are launched on Dataflow from their own images: built, pushed, and submitted from inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.utils import proto_utils
from docker import DockerClient

from tests.dataflow.server import TOKEN, Service, Submitted, dataflow_server
from tests.dataflow.staged import Staged
from tests.flow.bigquery_server import key_file
from tests.flow.conftest import cloud
from tests.flow.kit import Cloud

from .kit import Hand, NewJob
from .test_services import ends

__all__ = ["cloud"]  # the fixture of whole jobs


@dataclass(frozen=True)
class There:
    """A Dataflow, and what a command needs to find it."""

    service: Service
    overrides: tuple[str, ...]
    environment: dict[str, str]


@pytest.fixture
def there(cloud: Cloud, tmp_path: Path) -> Iterator[There]:
    with dataflow_server() as (service, address):
        said = {"runner": "DataflowRunner", "temp_location": "gs://staged/temp", "dataflow_endpoint": address}
        key = str(key_file(tmp_path, address))
        environment = {**cloud.environment, "GOOGLE_APPLICATION_CREDENTIALS": key, "NO_GCE_CHECK": "true"}
        overrides = tuple(f"-Opipeline_options.{name}={value}" for name, value in said.items())
        yield There(service, overrides, {**environment, "USER": "ada", "CI": ""})


def launchable(job: Path, registry: str, there: There) -> tuple[str, ...]:
    """The options by which the streaming job that `klio job create` made goes to Dataflow."""
    requirements = job / "job-requirements.txt"
    requirements.write_text(requirements.read_text().replace("klio[exec]", "klio[exec,dataflow]"))
    image = f"-Opipeline_options.sdk_container_image={registry}/{job.name}"
    return ("-j", str(job), *there.overrides, image, "-Ojob_config.events.dead_letters.location=gs://staged/dead")


def pushed(engine: DockerClient, registry: str, job: Path) -> str:
    """The name by digest of the job's image, as the registry told it to the engine."""
    (image,) = engine.images.list(f"{registry}/{job.name}")
    (digest,) = image.attrs["RepoDigests"]
    return str(digest)


def pipeline(cloud: Cloud, job: Submitted) -> Staged:
    return Staged(cloud.get(job.options["pipelineUrl"]) or b"")


def test_a_job_is_launched_from_its_image_and_its_workers_run_that_very_image(
    klio: Hand, new_job: NewJob, engine: DockerClient, registry: str, cloud: Cloud, there: There
):
    job = new_job()
    ends(cloud, job.name)

    done = klio("job", "run", *launchable(job, registry, there), **there.environment)

    assert done.returncode == 0, done.stderr
    (submitted,) = there.service.jobs
    assert f"{job.name}: submitted to Dataflow\n  job    {submitted.id}\n  state  PENDING\n" in done.stderr
    image = pushed(engine, registry, job)
    assert submitted.options["sdk_container_image"] == image
    assert submitted.body["labels"]["deployed_by"] == "ada"
    staged = pipeline(cloud, submitted)
    docker = proto_utils.parse_Bytes(staged.environment.payload, api.DockerPayload)
    assert docker.container_image == image
    assert "ParDo(HelloKlio)" in staged.names
    key = json.loads(Path(there.environment["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())["private_key"]
    whole = json.dumps([submitted.body, history(engine, image), done.stdout, done.stderr])
    assert [secret for secret in (TOKEN, key.splitlines()[1]) if secret in whole] == []


def history(engine: DockerClient, image: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.images.get(image).history()
    return found


def test_a_job_is_deployed_when_the_one_before_it_has_drained(
    klio: Hand, new_job: NewJob, registry: str, cloud: Cloud, there: There
):
    job = new_job()
    ends(cloud, job.name)
    before = there.service.add(job.name, "klio-local", state="RUNNING")

    done = klio("job", "deploy", "--drain", *launchable(job, registry, there), **there.environment)

    assert done.returncode == 0, done.stderr
    assert (before.asked, before.state) == (["DRAINED"], "DRAINED")
    assert [one.name for one in there.service.jobs] == [job.name, job.name]
    assert done.stdout == f"{job.name}: DRAINED\n"
    assert done.stderr.index("Pushing") < done.stderr.index("drains") < done.stderr.index("submitted to Dataflow")


def test_a_job_is_updated_in_place_and_nothing_is_stopped(
    klio: Hand, new_job: NewJob, registry: str, cloud: Cloud, there: There
):
    job = new_job()
    ends(cloud, job.name)
    before = there.service.add(job.name, "klio-local", state="RUNNING")

    done = klio("job", "deploy", "--update", *launchable(job, registry, there), **there.environment)

    assert done.returncode == 0, done.stderr
    assert before.asked == []
    assert there.service.jobs[0].body["replaceJobId"] == before.id


def test_a_running_job_goes_on_where_the_new_image_cannot_be_built(
    klio: Hand, new_job: NewJob, registry: str, cloud: Cloud, there: There
):
    job = new_job()
    before = there.service.add(job.name, "klio-local", state="RUNNING")
    (job / "Dockerfile").write_text((job / "Dockerfile").read_text() + "RUN false\n")

    done = klio("job", "deploy", *launchable(job, registry, there), **there.environment)

    assert done.returncode == 5
    assert "Error: the image could not be built\n" in done.stderr
    assert (before.asked, len(there.service.jobs)) == ([], 1)


def test_a_job_that_dies_while_it_is_waited_for_is_an_error_with_what_the_service_said(
    klio: Hand, new_job: NewJob, registry: str, cloud: Cloud, there: There
):
    def dies(job: Submitted) -> None:
        job.becomes = ["RUNNING", "FAILED"]
        job.messages = [("BASIC", "Worker configuration: e2-standard-2."), ("ERROR", "The workers ran out of memory.")]

    there.service.begins = dies
    job = new_job()
    ends(cloud, job.name)

    done = klio("job", "run", "--blocking", *launchable(job, registry, there), **there.environment)

    assert done.returncode == 6
    assert "Worker configuration: e2-standard-2.\n" in done.stderr
    assert "Error: the job did not come to its end on Dataflow\n" in done.stderr
    assert "  got: FAILED: The workers ran out of memory.\n" in done.stderr
