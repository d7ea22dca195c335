"""The picture of a job that runs: whole, by real records and real processes; and in a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from klio_core import runs
from klio_core.status import State, Status
from tests.cli.conftest import Klio

PATIENCE_S = 60.0
# Makes the terminal one that sends Ctrl-C, and becomes the command.
CONTROLLED = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
LEAVES = "\x1b[?1049l"  # the other screen of a terminal (xterm's control sequences)


def name_of(job: Path) -> str:
    return re.search(r"^job_name: (.*)$", (job / "klio-job.yaml").read_text(), re.MULTILINE)[1]  # type: ignore[index]


def tell(job: Path, worker: str, *said: tuple[str, State, str]) -> None:
    directory = job.parent / ".klio" / "status" / name_of(job)
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{worker}.jsonl").open("ab") as file:
        for element, state, note in said:
            record = Status(element.encode(), name_of(job), state, time.time(), note=note, worker=worker)
            file.write(record.encode() + b"\n")


@pytest.fixture
def running(job: Path) -> Iterator[Path]:
    """A run whose one worker is this very process."""
    with runs.recorded(job.parent, name_of(job), "local"):
        tell(
            job, f"{socket.gethostname()}-{os.getpid()}",
            ("one", State.LEASED, ""), ("one", State.COMMITTED, ""), ("two", State.PASSED_ON, "output exists"),
            ("bad", State.DEAD_LETTER, "exception: ValueError: no"), ("now", State.WORKING, "mixing"),
        )  # fmt: skip
        yield job


def test_a_job_that_runs_is_drawn_once_into_a_pipe(klio: Klio, running: Path):
    screen = klio("top", "-j", running)

    assert (screen.status, screen.err) == (0, "")
    lines = [line.rstrip() for line in screen.out.splitlines()]
    assert re.fullmatch(rf"{name_of(running)}  RUNNING  local  for \d s +\d\d:\d\d:\d\d", lines[0])
    assert re.match(r"\d+\.\d elements/s \(last minute \d+\.\d\)   in work 1   waiting \d+", lines[1])
    assert lines[2] == "committed 1   passed on 1 (output exists 1)   dropped 0   dead letter 1 (exception 1)"
    worker = f"{socket.gethostname()}-{os.getpid()}"
    assert re.fullmatch(rf"{worker} +\d+% +\d+ MiB +\d+ +3", lines[5])
    assert lines[8].split() == ["now", "working", "0", "s", "1", worker, "mixing"]
    assert re.fullmatch(r"bad +just now +exception: ValueError: no", lines[11])


def test_a_job_that_has_ended_is_drawn_as_it_ended(klio: Klio, job: Path):
    with runs.recorded(job.parent, name_of(job), "local") as recorder:
        tell(job, "somewhere-1", ("one", State.COMMITTED, ""))
        recorder.ended(0)

    lines = klio("top", "--once", "-j", job).out.splitlines()

    assert lines[0].startswith(f"{name_of(job)}  DONE  local  just now")
    assert lines[1] == "1 element   in work 0"
    assert lines[5].split() == ["somewhere-1", "ended", "1"]


def test_a_job_that_never_ran_says_how_to_run_it(klio: Klio, job: Path):
    screen = klio("top", "-j", job)

    assert screen.status == 0
    assert screen.out.endswith("\nit has not run here yet: `klio job run --local`, in another terminal\n")


def test_a_job_that_runs_elsewhere_is_looked_for_by_another_command(klio: Klio, job: Path):
    screen = klio("top", "-j", job, "-O", "pipeline_options.runner=DataflowRunner")

    assert screen.status == 0
    assert screen.out.endswith("\nno run on this machine; on DataflowRunner, `klio job status` looks for it\n")


def test_records_that_nobody_keeps_cannot_be_drawn(klio: Klio, job: Path):
    screen = klio("top", "-j", job, "-O", "job_config.events.status=false")

    assert (screen.status, screen.out) == (2, "")
    assert f"Error: {name_of(job)} writes no status records\n" in screen.err


class Pty:
    """`klio top` in a terminal of a certain size."""

    def __init__(self, job: Path, columns: int, lines: int) -> None:
        self.master, self.slave = pty.openpty()
        self.size(columns, lines)
        self.modes = termios.tcgetattr(self.slave)
        self.seen = ""
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLED, sys.executable, "-m", "klio_cli.app", "top", "-j", str(job)],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            env={**environment, "TERM": "xterm-256color", "NO_COLOR": "1"},
        )  # fmt: skip

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read_until(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536).decode()

    @property
    def screen(self) -> list[str]:
        """The newest picture: what stands behind the last move to the upper left corner."""
        picture = self.seen.rpartition("\x1b[H")[2]
        return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", picture).split("\r\n")]

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())


@contextmanager
def terminal(job: Path, columns: int, lines: int) -> Iterator[Pty]:
    opened = Pty(job, columns, lines)
    try:
        yield opened
    finally:
        opened.process.kill()
        opened.process.wait()
        os.close(opened.master)
        os.close(opened.slave)


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (160, 50)])
@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "Ctrl-C"])
def test_in_a_terminal_it_has_the_whole_screen_until_a_key_and_leaves_it_as_it_was(
    running: Path, columns: int, lines: int, key: str
):
    with terminal(running, columns, lines) as shown:
        shown.read_until("q ends the watching, not the job")
        picture = shown.screen
        shown.press(key)
        shown.read_until(LEAVES)
        assert shown.process.wait(PATIENCE_S) == 0
        assert termios.tcgetattr(shown.slave) == shown.modes

    assert re.match(r"test-in-a-terminal-\S+  RUNNING  local  for \d", picture[0])
    assert len(picture[0]) == columns
    assert len(picture) <= lines
    assert max(map(len, picture)) <= columns
    assert ("(output exists 1)" in picture[2]) == (columns > 100)
    assert "dead letter 1" in picture[2]


@pytest.mark.slow
def test_what_is_told_meanwhile_and_another_size_are_seen(running: Path):
    with terminal(running, 80, 24) as shown:
        shown.read_until("now ")
        shown.size(120, 40)
        tell(running, "w2", ("late", State.LEASED, ""))
        shown.read_until("late ")
        shown.read_until("q ends")
        assert len(shown.screen[0]) == 120
        shown.press("q")
        assert shown.process.wait(PATIENCE_S) == 0
