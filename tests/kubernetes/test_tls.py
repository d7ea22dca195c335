"""A cluster by HTTPS, as they all are; and what kubectl, where there is one, makes of the same server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Klio
from tests.kubernetes.certificate import certificate
from tests.kubernetes.server import Cluster, kubeconfig, kubernetes_server

pytestmark = pytest.mark.slow
RUN = ("job", "run", "--no-container", "--image-tag", "v7")


@pytest.fixture
def secured(job: Path, tmp_path: Path) -> Iterator[tuple[Cluster, str, Path]]:
    """A cluster whose certificate a kubeconfig must name, its address, and the certificate."""
    keys = certificate(tmp_path)
    with kubernetes_server(keys) as (cluster, address):
        yield cluster, address, keys[0]


def test_a_cluster_is_trusted_by_the_certificate_that_the_file_names(
    klio: Klio, secured: tuple[Cluster, str, Path], tmp_path: Path
):
    cluster, address, known = secured
    kubeconfig(tmp_path / "config", address, **{"certificate-authority": str(known)})

    screen = klio(*RUN)

    assert (screen.status, screen.out) == (0, "song: 1 of 1 workers are ready, in namespace audio of studio\n")
    assert [one["kind"] for one in cluster.applied] == ["ConfigMap", "Deployment"]


def test_a_cluster_that_cannot_show_who_it_is_gets_no_token(
    klio: Klio, secured: tuple[Cluster, str, Path], tmp_path: Path
):
    cluster, address, _ = secured
    kubeconfig(tmp_path / "config", address)

    screen = klio(*RUN)

    assert (screen.status, cluster.requests) == (6, [])
    assert screen.err.startswith(f"Error: the cluster does not answer\n  at: studio, {address}\n")
    assert "CERTIFICATE_VERIFY_FAILED" in screen.err


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on this machine")
def test_kubectl_finds_the_job_and_its_workers_on_the_same_server(
    klio: Klio, secured: tuple[Cluster, str, Path], tmp_path: Path
):
    cluster, address, known = secured
    kubeconfig(tmp_path / "config", address, **{"certificate-authority": str(known)})
    assert klio(*RUN).status == 0
    (pod,) = cluster.pods()
    cluster.controller.say(pod, "hello")
    before = cluster.deployment()["spec"]

    assert kubectl("get", "deployments", "-l", "klio/job=song", "-o", "name") == "deployment.apps/song\n"
    assert kubectl("logs", pod["metadata"]["name"], "-c", "worker") == "hello\n"
    kubectl("apply", "--server-side", "--force-conflicts", "--validate=false", "-f", "kubernetes/")
    assert cluster.deployment()["spec"] != before  # the image of the manifest, and no job file: klio puts them there
    assert klio(*RUN, "--update").status == 0
    assert cluster.deployment()["spec"] == before


def kubectl(*options: str) -> str:
    done = subprocess.run(["kubectl", *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
