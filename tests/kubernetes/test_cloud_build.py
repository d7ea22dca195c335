"""A job is put on Kubernetes from a machine without a container engine: Cloud Build builds its image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_cli.images.cloud_build import ELSEWHERE
from klio_exec.local.objects import local_objects
from tests.cli.conftest import Klio
from tests.cli.image.cloud_build_server import Service, built, cloud_build_server
from tests.flow.bigquery_server import key_file
from tests.kubernetes.server import Cluster

REPOSITORY = "europe-west1-docker.pkg.dev/studio-eu/klio/song"
DIGEST = f"sha256:{'ab' * 32}"
STAGING = "-Opipeline_options.staging_location=gs://staging/jobs"
CLOUD = ("--backend", "cloud-build")


@pytest.fixture
def builds(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A Cloud Build whose builds all end well."""
    with cloud_build_server() as (service, address), local_objects(make_buckets=True) as objects:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", objects)
        monkeypatch.setenv(ELSEWHERE, address)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, address)))
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        service.becomes = lambda asked: built(asked, DIGEST)
        yield service


@pytest.mark.parametrize("command", ["run", "deploy"])
def test_the_workers_run_the_image_that_cloud_build_has_pushed(
    klio: Klio, cluster: Cluster, job: Path, builds: Service, command: str
):
    screen = klio("job", command, *CLOUD, STAGING)

    assert screen.status == 0, screen.err
    (asked,) = builds.builds
    assert screen.err.startswith(f"Building {asked.body['images'][0]} by Cloud Build in studio-eu\n")
    (deployment,) = [one for one in cluster.applied if one["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{REPOSITORY}@{DIGEST}"


def test_what_the_cluster_would_refuse_is_told_before_anything_is_built(
    klio: Klio, cluster: Cluster, job: Path, builds: Service
):
    (job / "kubernetes" / "deployment.yaml").write_text("kind: Deployment\n")

    screen = klio("job", "run", *CLOUD, STAGING)

    assert screen.status != 0
    assert builds.builds == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--direct-runner",), "no image is built for this run"),
        (("--local",), "no image is built for this run"),
        (("--no-container",), "no image is built for this run"),
        (("-Opipeline_options.runner=DirectRunner",), "Cloud Build builds for Dataflow and Kubernetes"),
    ],
)
def test_a_run_that_takes_no_image_from_there_says_so(
    klio: Klio, cluster: Cluster, job: Path, builds: Service, flags: tuple[str, ...], said: str
):
    screen = klio("job", "run", *CLOUD, *flags)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith(f"Error: {said}\n  at: --backend cloud-build\n")
    assert builds.builds == []
