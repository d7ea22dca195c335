"""Images that Beam builds: what a job's setup.py names is in them, and Dataflow is told of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from tests.flow.conftest import cloud
from tests.flow.kit import Cloud

from .kit import Hand, NewJob
from .test_dataflow import There, there
from .test_services import ends

__all__ = ["cloud", "there"]  # fixtures

SETUP = "from setuptools import setup\nsetup(name='studio', version='1', py_modules=['loudness'])\n"
SETUP_FILE = "-Opipeline_options.setup_file=setup.py"
IMAGE = re.compile(r"beam_python_prebuilt_sdk:[0-9a-f-]{36}")


@pytest.fixture
def job(new_job: NewJob, engine: DockerClient) -> Iterator[Path]:
    """A job with a package of its own."""
    job = new_job()
    (job / "setup.py").write_text(SETUP)
    (job / "loudness.py").write_text("TARGET = -14\n")
    yield job
    for image in engine.images.list("beam_python_prebuilt_sdk"):
        engine.images.remove(str(image.id), force=True)


def installed(engine: DockerClient, image: str) -> bytes:
    """What a process in the image finds of the package."""
    code = "import loudness; print(loudness.TARGET)"
    return bytes(engine.containers.run(image, ["-c", code], entrypoint="python", remove=True))


def test_beam_builds_an_image_with_what_the_setup_file_names(klio: Hand, job: Path, engine: DockerClient):
    done = klio("image", "build", "-j", job, "--backend", "prebuild", SETUP_FILE)

    assert done.returncode == 0, done.stderr
    assert IMAGE.fullmatch(done.stdout.strip())
    assert "Successfully built" in done.stderr
    assert installed(engine, done.stdout.strip()) == b"-14\n"


def test_dataflow_is_told_of_the_image_that_beam_has_built(
    klio: Hand, job: Path, engine: DockerClient, cloud: Cloud, there: There
):
    ends(cloud, job.name)
    prebuilt = "-Opipeline_options.prebuild_sdk_container_engine=local_docker"
    letters = "-Ojob_config.events.dead_letters.location=gs://staged/dead"

    done = klio(
        "job", "run", "--no-container", "-j", job, *there.overrides, SETUP_FILE, prebuilt, letters, **there.environment
    )

    assert done.returncode == 0, done.stderr
    (submitted,) = there.service.jobs
    image = submitted.pool["workerHarnessContainerImage"]
    assert IMAGE.fullmatch(image)
    assert submitted.options["sdk_container_image"] == image
    assert installed(engine, image) == b"-14\n"
