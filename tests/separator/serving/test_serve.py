"""`make separator`, as a process of its own: it starts, it is killed, it says what is wrong."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from serving.parts import free_port
from tests.flow.kit import eventually
from tests.separator.whole import refused, sound, whole

# Whoever asks for another host asks here, where nobody listens.
NO_NETWORK = {"https_proxy": "http://127.0.0.1:9", "no_proxy": ""}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_stops_all_of_it_and_what_was_kept_is_there_the_next_time(tmp_path: Path):
    with whole(tmp_path) as first:
        (made,) = first.upload(sound(1))
        assert first.client.get("/").status_code == 200
        assert "NONSENSE" in first.said
        started = first.processes
        assert len(started) > 8

    assert (first.process.returncode, first.processes) == (0, {}), first.said
    assert first.said.endswith("All is stopped.\n")
    with whole(tmp_path) as again:
        assert eventually(lambda: again.client.get(f"/v1/songs/{made['hash']}").status_code == 200)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_dies_is_started_again_and_nothing_outlives_a_kill(tmp_path: Path):
    with whole(tmp_path) as separator:
        front = next(one for one, command in separator.processes.items() if "-m web" in command.split("tethered")[0])
        os.kill(front, signal.SIGKILL)
        eventually(lambda: "web was ended by SIGKILL; it is started again" in separator.said)
        eventually(lambda: _answers(separator.port), 60)
        separator.process.kill()
        eventually(lambda: not separator.processes, 60)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_without_a_network_it_says_at_once_how_to_do_without(tmp_path: Path):
    status, said = refused(tmp_path, HF_HOME=str(tmp_path), TORCH_HOME=str(tmp_path), **NO_NETWORK)

    assert status == 2
    assert said.startswith("Error: the model htdemucs is not on this machine, and cannot be fetched\n")
    assert "make separator MODEL=small" in said
    assert not (tmp_path / ".klio").exists()


def test_a_port_that_is_taken_is_said_before_anything_is_started(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = refused(tmp_path, "--model", "small", "--port", str(port))

    assert status == 2
    assert f"port {port} is taken" in said
    assert f"make separator PORT={port + 1}" in said
    assert not (tmp_path / ".klio").exists()


def test_an_override_is_for_a_job(tmp_path: Path):
    status, said = refused(tmp_path, "--model", "small", "--port", str(free_port()), "-O", "shifts=1")

    assert status == 2
    assert "expected: JOB:KEY=VALUE, and one of separate, mix, callback for JOB" in said
    assert "got: shifts=1" in said
