from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_cli.app import main
from klio_cli.terminal import Terminal
from tests.cli.conftest import klio
from tests.kubernetes.server import Cluster, kubeconfig, kubernetes_server

__all__ = ["klio"]  # the command as tests of the hand call it


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster, kubectl's file that names it, and a job for it in the current directory; no engine, no credentials."""
    for name in ("CI", "GOOGLE_APPLICATION_CREDENTIALS", "BUILD_ID", "COMMIT_SHA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with kubernetes_server() as (cluster, address):
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", address)))
        yield cluster


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `klio job create --runner DirectGKERunner` makes."""
    directory = tmp_path_factory.mktemp("made") / "song"
    said = io.StringIO()
    options = ["--runner", "DirectGKERunner", "--gcp-project", "studio-eu", "--output", str(directory)]
    assert main(["job", "create", "song", *options], Terminal(io.StringIO(), said, said, environ={})) == 0, said
    return directory


@pytest.fixture
def job(cluster: Cluster, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a job for Kubernetes, and the current one."""
    shutil.copytree(made, tmp_path / "song")
    monkeypatch.chdir(tmp_path / "song")
    return tmp_path / "song"
