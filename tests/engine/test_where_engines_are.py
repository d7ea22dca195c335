"""An engine is found where Docker's own command finds it, and where rootless engines listen."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from docker import DockerClient

from klio_cli.images.address import Address
from klio_cli.images.engine import first_of
from klio_core.errors import EngineError

from .kit import Hand, NewJob
from .relay import Relay


def test_the_docker_context_that_was_chosen_is_the_engine_that_is_used(
    klio: Hand, new_job: NewJob, engine: DockerClient, tmp_path: Path
):
    job = new_job()
    socket = tmp_path / "desktop.sock"
    meta = tmp_path / ".docker" / "contexts" / "meta" / hashlib.sha256(b"desktop-linux").hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": f"unix://{socket}", "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "desktop-linux", "Metadata": {}, "Endpoints": endpoints}))
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"currentContext": "desktop-linux"}))

    before = klio("image", "list", "-j", job)
    with Relay(socket):
        there = klio("image", "list", "-j", job)

    assert before.returncode == 5
    assert f"  at: {socket} (the docker context desktop-linux)\n" in before.stderr
    assert (there.returncode, there.stderr.splitlines()[0][:10]) == (0, "no images ")


def test_the_first_socket_that_answers_is_the_engine_that_is_used(engine: DockerClient, tmp_path: Path):
    places = [Address(f"unix://{tmp_path / name}") for name in ("docker.sock", "podman.sock")]

    with Relay(tmp_path / "podman.sock"):
        client = first_of(places)
        assert client.info()["ID"] == engine.info()["ID"]
        client.close()

    with pytest.raises(EngineError) as refused:
        first_of(places)
    assert f"at: {tmp_path}/docker.sock, {tmp_path}/podman.sock\n" in str(refused.value)
    assert "got: No such file or directory\n" in str(refused.value)
