"""Jobs that are handed to another runner of Beam from their images, and whose workers are containers of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docker import DockerClient
from docker.models.containers import Container

from klio_core.dead_letter import DeadLetter
from klio_core.message import Message
from tests.flow.conftest import cloud
from tests.flow.job_service import job_service
from tests.flow.kit import Cloud

from .kit import Hand, NewJob
from .test_services import ends

__all__ = ["cloud"]  # the fixture of whole jobs

CONTRACT = ["--id", "--logging_endpoint", "--control_endpoint", "--artifact_endpoint", "--provision_endpoint"]
# Says where it is worked.
TELLS = """
from pathlib import Path

import apache_beam as beam
from klio.transforms import decorators


class HelloKlio(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if data.element == b"bad":
            raise ValueError("no")
        with self._klio.upload(data.element) as path:
            path.write_text(f"{Path('/.dockerenv').exists()} {Path.cwd()}")
        yield data
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """The options by which a job goes to a job service of Beam's that starts workers as containers."""
    letters = "{type: directory, location: gs://klio-local-output/dead}"
    with job_service(tmp_path) as port:
        runner = "-Opipeline_options.runner=PortableRunner"
        yield runner, f"-Opipeline_options.job_endpoint=localhost:{port}", f"-Ojob_config.events.dead_letters={letters}"


def in_the_cloud(cloud: Cloud) -> str:
    """What a Dockerfile says of an image that knows its services: no runner gives workers variables."""
    return "".join(f"ENV {name}={value}\n" for name, value in cloud.environment.items())


@contextmanager
def workers_of(engine: DockerClient, job: Path) -> Iterator[Callable[[], list[Container]]]:
    """Gives the containers that stand for workers of a job; a runner kills them, and removes none."""

    def found() -> list[Container]:
        started = f"klio-{job.name}:"
        return [one for one in engine.containers.list(all=True) if one.attrs["Config"]["Image"].startswith(started)]

    try:
        yield found
    finally:
        for container in found():
            container.remove(force=True)


def test_a_job_is_handed_on_from_its_image_and_its_workers_are_containers_of_it(
    klio: Hand, new_job: NewJob, engine: DockerClient, cloud: Cloud, service: tuple[str, ...]
):
    job = new_job(transforms=TELLS)
    (job / "Dockerfile").write_text((job / "Dockerfile").read_text() + in_the_cloud(cloud))
    inward, _, outward = ends(cloud, job.name)
    cloud.publish(inward, [Message.of(one).encode() for one in (b"a", b"bad", b"b")])

    with workers_of(engine, job) as workers:
        done = klio("job", "run", "-j", job, *service, "--exit-when-idle", 3, **cloud.environment)
        (worker,) = workers()

    assert done.returncode == 3, done.stderr
    assert worker.attrs["Config"]["Image"] == klio.ok("image", "build", "-j", job)
    assert [argument.partition("=")[0] for argument in worker.attrs["Args"]] == CONTRACT
    where = f"gs://klio-local-output/{job.name}"
    assert [cloud.get(f"{where}/{name}.txt") for name in ("a", "b")] == [b"True /usr/src/app"] * 2
    assert sorted(Message.decode(raw).element for raw in cloud.pull(outward)) == [b"a", b"b"]
    (letter,) = cloud.storage.list_blobs("klio-local-output", prefix="dead/")
    assert DeadLetter.decode(letter.download_as_bytes()).element == b"bad"
    assert cloud.stats(f"projects/klio-local/subscriptions/{job.name}-input")["acked"] == 3
