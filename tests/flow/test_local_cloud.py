"""The local cloud as a process: started once, found again, never in the way of another, and it forgets nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_core import local_state
from klio_core.errors import LocalCloudError
from klio_core.local_state import LocalState
from klio_exec.local import world

from .conftest import found
from .kit import PROJECT, eventually

TOPIC = f"projects/{PROJECT}/topics/kept"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/kept"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    world.down(tmp_path)


@pytest.fixture
def up(project: Path) -> LocalState:
    return world.up(project)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def klioexec(*argv: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "klio_exec.cli", "local", *map(str, argv)], capture_output=True, text=True
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


def test_a_second_up_finds_the_first(project: Path, up: LocalState):
    assert world.up(project) == up
    assert world.up(project, port_of(up.pubsub), port_of(up.objects)) == up
    assert klioexec("up", "--project", project) == (
        0,
        f"the local cloud is up: Pub/Sub {up.pubsub}, objects {up.objects}, process {up.pid}\n",
    )


@pytest.mark.parametrize(("flag", "name"), [("--pubsub-port", "Pub/Sub"), ("--objects-port", "objects")])
def test_up_on_other_ports_than_it_has_is_an_error(project: Path, up: LocalState, taken: int, flag: str, name: str):
    there = port_of(up.pubsub if name == "Pub/Sub" else up.objects)

    status, text = klioexec("up", "--project", project, flag, taken)

    assert status == 6
    assert text == (
        "Error: the local cloud is up already, on other ports\n"
        f"  expected: {name} on port {taken}\n"
        f"  got: port {there}, process {up.pid}\n"
        "  to do: klio local down, then up again\n"
    )
    assert up.alive


def test_a_pubsub_port_in_use_is_an_error_and_nothing_stays_behind(project: Path, taken: int):
    status, text = klioexec("up", "--project", project, "--pubsub-port", taken)

    assert status == 6
    assert text.startswith(f"Error: the local cloud did not start\n  at: {project}/.klio/local.log\n  got: ")
    assert f"Port {taken} is in use" in text
    assert "Traceback" not in text
    assert local_state.read(project) is None


def test_an_objects_port_in_use_is_an_error_and_nothing_stays_behind(project: Path, taken: int):
    status, text = klioexec("up", "--project", project, "--objects-port", taken)

    assert status == 6
    assert f"port {taken} is in use by another program" in text
    assert "Traceback" not in text
    assert local_state.read(project) is None


def test_a_state_file_of_a_process_that_is_gone_is_no_obstacle(project: Path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    local_state.write(project, LocalState(gone.pid, "127.0.0.1:1", "http://127.0.0.1:2"))

    assert world.up(project).alive


def test_a_state_file_whose_number_is_another_program_by_now_is_no_obstacle_and_that_program_lives(project: Path):
    with socket.create_server(("127.0.0.1", 0)) as free, subprocess.Popen(["sleep", "60"]) as other:
        stale = LocalState(other.pid, f"127.0.0.1:{free.getsockname()[1]}", "http://127.0.0.1:2")
        free.close()
        local_state.write(project, stale)

        assert world.down(project) is False
        state = world.up(project)

        assert other.poll() is None
        assert state.pid != other.pid
        assert state.alive
        other.kill()


def test_a_state_file_that_is_no_use_is_not_overwritten(project: Path):
    (project / ".klio").mkdir()
    (project / ".klio" / "local.json").write_text("{}")

    with pytest.raises(LocalCloudError, match="the state of the local cloud cannot be read"):
        world.up(project)

    assert (project / ".klio" / "local.json").read_text() == "{}"
    (project / ".klio" / "local.json").unlink()


def test_after_a_kill_it_is_back_on_its_ports_with_all_that_it_had(project: Path, up: LocalState):
    with found(up.pubsub, up.objects) as cloud:
        cloud.subscription(SUBSCRIPTION, cloud.topic(TOPIC))
        cloud.publish(TOPIC, [b"kept"])
        cloud.storage.create_bucket("bucket")
        cloud.put("gs://bucket/kept", b"content")

    os.kill(up.pid, signal.SIGKILL)
    eventually(lambda: not up.running)
    again = world.up(project)

    assert (again.pubsub, again.objects) == (up.pubsub, up.objects)
    assert again.pid != up.pid
    with found(again.pubsub, again.objects) as cloud:
        assert cloud.pull(SUBSCRIPTION) == [b"kept"]
        assert cloud.get("gs://bucket/kept") == b"content"


def test_down_keeps_everything_and_reset_throws_it_away(project: Path, up: LocalState):
    with found(up.pubsub, up.objects) as cloud:
        cloud.subscription(SUBSCRIPTION, cloud.topic(TOPIC))
        cloud.publish(TOPIC, [b"kept"])

    assert klioexec("down", "--project", project) == (0, "stopped\n")
    assert not up.running
    assert klioexec("down", "--project", project) == (0, "it was not up\n")
    again = world.up(project)
    with found(again.pubsub, again.objects) as cloud:
        assert cloud.stats(SUBSCRIPTION)["pending"] == 1

    assert klioexec("reset", "--project", project) == (0, "the local cloud is empty\n")
    assert not again.running
    anew = world.up(project)
    with found(anew.pubsub, anew.objects) as cloud:
        assert list(cloud.publisher.list_topics(project=f"projects/{PROJECT}")) == []


def test_two_that_start_at_once_are_one(project: Path):
    starting = [
        subprocess.Popen(
            [sys.executable, "-m", "klio_exec.cli", "local", "up", "--project", str(project)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [process.communicate()[1] for process in starting]

    assert [process.returncode for process in starting] == [0, 0, 0], said
    assert len(set(said)) == 1
