from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from klio_cli.images.address import addresses
from klio_core.errors import EngineError


@pytest.fixture
def docker_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of docker's settings, in which a context `desktop` is chosen."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "desktop"}))
    context(tmp_path, "desktop", "unix:///home/ada/.docker/run/docker.sock")
    context(tmp_path, "far", "tcp://10.0.0.7:2375")
    return tmp_path


def context(home: Path, name: str, host: str) -> Path:
    directory = home / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    directory.mkdir(parents=True)
    (directory / "meta.json").write_text(
        json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}})
    )
    return directory / "meta.json"


def told(**environ: str) -> list[str]:
    return [str(address) for address in addresses(environ)]


def test_docker_host_is_meant_before_a_context(docker_home: Path):
    assert told(DOCKER_HOST="tcp://10.0.0.9:2375", DOCKER_CONTEXT="far") == ["tcp://10.0.0.9:2375 (DOCKER_HOST)"]


def test_the_context_that_was_chosen_is_meant_before_the_sockets(docker_home: Path):
    assert told(XDG_RUNTIME_DIR="/run/user/7") == ["/home/ada/.docker/run/docker.sock (the docker context desktop)"]
    assert told(DOCKER_CONTEXT="far") == ["tcp://10.0.0.7:2375 (the docker context far)"]


def test_the_default_context_is_the_first_socket_that_answers_dockers_own_first(docker_home: Path):
    assert told(DOCKER_CONTEXT="default", XDG_RUNTIME_DIR="/run/user/7") == [
        "/var/run/docker.sock",
        "/run/user/7/docker.sock",
        "/run/user/7/podman/podman.sock",
    ]
    assert told(DOCKER_CONTEXT="default") == ["/var/run/docker.sock"]


def test_without_settings_of_docker_there_is_the_default_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    assert told() == ["/var/run/docker.sock"]


def test_a_context_that_is_not_there_or_cannot_be_read_is_named(docker_home: Path):
    context(docker_home, "broken", "").write_text("{")

    with pytest.raises(EngineError, match="there is no such docker context\n  at: gone\n"):
        told(DOCKER_CONTEXT="gone")
    with pytest.raises(EngineError, match="the docker context cannot be read\n  at: broken\n"):
        told(DOCKER_CONTEXT="broken")
