from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_core import local_state

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for


def klio_process(*argv: object) -> subprocess.CompletedProcess[str]:
    """The command as a process: what its own child prints does not go through our streams."""
    command = [sys.executable, "-m", "klio_cli.app", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def nothing_left(tmp_path: Path) -> Iterator[None]:
    yield
    klio_process("local", "down", "--project", tmp_path)


def test_up_and_down_and_up_again_keep_the_ports(klio, tmp_path: Path, nothing_left: None):
    up = klio_process("local", "up", "--project", tmp_path)
    first = local_state.read(tmp_path)
    again = klio_process("local", "up", "--project", tmp_path)
    second = local_state.read(tmp_path)
    status = klio("local", "status", "--project", tmp_path)
    down = klio_process("local", "down", "--project", tmp_path)

    assert (up.returncode, again.returncode, down.returncode) == (0, 0, 0)
    assert first is not None
    assert first == second
    assert re.search(rf"^pubsub +{first.pubsub}$", status.out, re.MULTILINE)
    assert not first.alive
    assert klio("local", "status", "--project", tmp_path).status == 1
    assert [p.returncode for p in (up, again, down) if p.stdout or "Traceback" in p.stderr] == []


def test_a_port_in_use_is_named(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = klio_process("local", "up", "--project", tmp_path, "--pubsub-port", port)

    assert (done.returncode, done.stdout) == (6, "")
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


def test_up_with_faults_says_so_and_is_not_up_with_others(tmp_path: Path, nothing_left: None):
    wrong = ("--fault", "drop@pubsub.delivery,10%")
    up, again, other, any_at_all = (
        klio_process("local", "up", "--project", tmp_path, *more) for more in (wrong, wrong, ("--fault", "busy@*"), ())
    )

    assert (up.returncode, again.returncode, other.returncode, any_at_all.returncode) == (0, 0, 6, 0)
    state = local_state.read(tmp_path)
    assert state is not None
    assert state.faults == ("drop@pubsub.delivery,10%",)
    assert other.stderr == (
        "Error: the local cloud is up already, with other faults\n"
        "  expected: busy@*\n"
        "  got: drop@pubsub.delivery,10%\n"
        "  to do: klio local down, then up again\n"
    )


def test_what_is_no_fault_is_refused_before_anything_is_started(tmp_path: Path):
    done = klio_process("local", "up", "--project", tmp_path, "--fault", "explode@pubsub.pull")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: there is no such fault\n  expected: KIND@WHERE,")
    assert local_state.read(tmp_path) is None


def test_publishing_starts_the_cloud_that_is_not_up(klio, tmp_path: Path, nothing_left: None):
    klio("job", "create", "hello", "--output", tmp_path / "job")
    (tmp_path / ".klio").mkdir()  # the project is the directory above the job

    done = klio_process("message", "publish", "--local", "-j", tmp_path / "job", "a")

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"a  \d+\n", done.stdout)
    state = local_state.read(tmp_path)
    assert state is not None
    assert state.alive


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_what_is_no_port_is_refused(klio, tmp_path: Path, port: str):
    screen = klio("local", "up", "--project", tmp_path, f"--pubsub-port={port}")

    assert (screen.status, screen.out) == (2, "")
    assert "Invalid value for '--pubsub-port'" in screen.err


def test_a_project_that_is_not_there_is_refused(klio, tmp_path: Path):
    screen = klio("local", "up", "--project", tmp_path / "no")

    assert screen.status == 2
    assert screen.err.splitlines()[-1] == (
        f"Error: Invalid value for '--project': Directory '{tmp_path}/no' does not exist."
    )


def test_reset_asks_first(klio, tmp_path: Path):
    (tmp_path / ".klio" / "objects").mkdir(parents=True)

    screen = klio("local", "reset", "--project", tmp_path, stdin=b"")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        f"Error: nothing was thrown away\n  at: {tmp_path}/.klio\n  to do: answer yes, or say --yes\n"
    )
    assert (tmp_path / ".klio" / "objects").is_dir()


def test_reset_with_yes_throws_everything_away(tmp_path: Path):
    (tmp_path / ".klio" / "objects").mkdir(parents=True)

    done = klio_process("local", "reset", "--project", tmp_path, "--yes")

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / ".klio" / "objects").exists()
