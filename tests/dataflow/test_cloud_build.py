"""A job is launched on Dataflow from a machine without a container engine: Cloud Build builds its image."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_cli.images.cloud_build import ELSEWHERE
from tests.cli.image.cloud_build_server import built, cloud_build_server
from tests.dataflow.conftest import Site
from tests.dataflow.test_submission import AUTOMIXER, there

__all__ = ["there"]  # what the automixer's job file names

pytestmark = pytest.mark.slow  # a process of its own submits the job

DIGEST = f"sha256:{'ab' * 32}"
REPOSITORY = "eu.gcr.io/studio/automixer"


def test_the_workers_run_the_image_that_cloud_build_has_pushed(site: Site, tmp_path: Path):
    options = {"dataflow_endpoint": site.address, "temp_location": "gs://bucket/tmp", "runner": "DataflowRunner"}
    flags = [f"-Opipeline_options.{name}={value}" for name, value in options.items()]
    image = f"-Opipeline_options.sdk_container_image={REPOSITORY}"

    with cloud_build_server() as (service, address):
        service.becomes = lambda asked: built(asked, DIGEST)
        done = site.run(
            AUTOMIXER, "--backend", "cloud-build", *flags, image, program="klio_cli.app job run",
            DOCKER_HOST="tcp://127.0.0.1:1", **{ELSEWHERE: address},
        )  # fmt: skip

    assert done.status == 0, done.err
    (asked,) = service.builds
    (submitted,) = site.service.jobs
    assert asked.body["images"][0].startswith(f"{REPOSITORY}:")
    assert submitted.pool["workerHarnessContainerImage"] == f"{REPOSITORY}@{DIGEST}"
