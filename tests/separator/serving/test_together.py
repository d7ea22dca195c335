"""Several programs as one: small ones here, the real ones in test_serve."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from klio_core.errors import EngineError
from serving.log import Log
from serving.program import Program
from serving.together import Together
from tests.flow.kit import eventually

# Writes its process's number into a file of its name, then does nothing until it is ended.
STAYS = "import os, pathlib, signal, sys; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"

# Dies when its file is there.
DIES = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
raise SystemExit(7)
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def program(directory: Path, name: str, code: str = STAYS, ready: Callable[[], bool] | None = None) -> Program:
    file = directory / name
    return Program(name, [sys.executable, "-c", code, str(file)], directory, ready or file.exists)


def number(directory: Path, name: str) -> int:
    """The process that a program is."""
    file = directory / name
    return int(eventually(lambda: file.exists() and file.read_text()))


def runs(process: int) -> bool:
    """Whether a process is there, and not only the memory of one."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def running(together: Together) -> Iterator[threading.Event]:
    """The programs in a thread; gives what is set when all are ready."""
    ready = threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            together.run(ready.set)
        except EngineError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ready
    finally:
        together.stop()
        thread.join(30)
    if raised:
        raise raised[0]


def test_a_stage_begins_when_the_one_before_is_ready_and_all_end_together(tmp_path: Path):
    log, open_ = Log(io.StringIO()), threading.Event()
    first = program(tmp_path, "first", ready=open_.is_set)
    with running(Together([[first], [program(tmp_path, "second")]], log, 10)) as ready:
        begun = number(tmp_path, "first")
        assert not (tmp_path / "second").exists()
        open_.set()
        assert ready.wait(30)
        processes = [begun, number(tmp_path, "second")]
        assert all(map(runs, processes))

    eventually(lambda: not any(map(runs, processes)))


def test_one_that_dies_after_it_was_ready_is_started_again_and_that_is_said(tmp_path: Path):
    stream = io.StringIO()
    with running(Together([[program(tmp_path, "worker")]], Log(stream), 10)) as ready:
        assert ready.wait(30)
        first = number(tmp_path, "worker")
        (tmp_path / "worker").unlink()
        os.kill(first, signal.SIGKILL)
        assert number(tmp_path, "worker") != first

    assert "worker was ended by SIGKILL; it is started again, and nothing is lost\n" in stream.getvalue()


def test_one_that_dies_again_and_again_ends_the_whole_with_words(tmp_path: Path):
    seen = tmp_path / "dies"  # that it runs: it does not die before that

    def ready() -> bool:
        seen.touch()
        return True

    stays = program(tmp_path, "other")
    together = Together([[stays, program(tmp_path, "dies", DIES, ready)]], Log(io.StringIO()), 10)
    with pytest.raises(EngineError, match="dies ended with status 7 for the 4th time, so everything is stopped"):
        together.run(lambda: None)

    eventually(lambda: not runs(number(tmp_path, "other")))


def test_one_that_dies_before_it_is_ready_ends_the_whole_with_its_last_words(tmp_path: Path):
    dies = program(tmp_path, "dies", "raise SystemExit('no such model')", lambda: False)
    with pytest.raises(EngineError) as raised:
        Together([[dies], [program(tmp_path, "never")]], Log(io.StringIO()), 10).run(lambda: None)

    assert raised.value.got == "no such model"
    assert not (tmp_path / "never").exists()


def test_one_that_does_not_end_is_killed(tmp_path: Path):
    with running(Together([[program(tmp_path, "stubborn", STUBBORN)]], Log(io.StringIO()), 0.5)) as ready:
        assert ready.wait(30)
        process = number(tmp_path, "stubborn")

    eventually(lambda: not runs(process))  # the kernel takes its moment


def test_nothing_outlives_whoever_was_killed(tmp_path: Path):
    parent = f"""
import io, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from serving.log import Log
from serving.together import Together
from tests.separator.serving.test_together import STUBBORN, program
place = Path({str(tmp_path)!r})
Together([[program(place, "one"), program(place, "two", {STAYS!r})]], Log(io.StringIO()), 10).run(lambda: None)
"""
    with subprocess.Popen([sys.executable, "-c", parent]) as killed:
        try:
            processes = [number(tmp_path, "one"), number(tmp_path, "two")]
        finally:
            killed.kill()

    eventually(lambda: not any(map(runs, processes)))


def test_each_line_has_the_name_of_who_said_it_in_a_colour_where_somebody_looks():
    plain, coloured = io.StringIO(), Terminal()
    for stream in (plain, coloured):
        log = Log(stream)
        log.follow("web", io.BytesIO(b"one\ntw\xc3\xb6\n")).join()
        log.say("told\nby us")

    assert plain.getvalue() == "web      │ one\nweb      │ twö\ntold\nby us\n"
    assert coloured.getvalue().startswith("\x1b[")
    assert coloured.getvalue().endswith("told\nby us\n")
