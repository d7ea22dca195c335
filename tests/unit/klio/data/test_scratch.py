import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = """
import os, sys, time
from klio.data.scratch import scratch_directory
made = scratch_directory("work-")
(made / "download").write_text("sound")
print(made, flush=True)
if sys.argv[1] == "stay":
    time.sleep(60)
if sys.argv[1] == "fork":
    child = os.fork()
    if child == 0:
        print(scratch_directory("work-"), flush=True)
        sys.exit()
    os.waitpid(child, 0)
    print(made.exists(), flush=True)
"""


@pytest.fixture
def start(tmp_path: Path):
    """Start a process that makes a directory in `tmp_path`; it answers the process and what it made."""
    started: list[subprocess.Popen[str]] = []

    def start(how: str) -> tuple[subprocess.Popen[str], Path]:
        command = [sys.executable, "-c", WORKER, how]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_process_that_ends_leaves_nothing(start, tmp_path: Path):
    process, _ = start("end")
    process.wait()

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(start, tmp_path: Path):
    process, made = start("stay")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (made / "download").read_text() == "sound"

    following, _ = start("end")
    following.wait()

    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_made_stays(start):
    _, made = start("stay")

    start("end")[0].wait()

    assert (made / "download").read_text() == "sound"


def test_a_forked_process_has_a_directory_of_its_own(start, tmp_path: Path):
    process, made = start("fork")
    of_the_child, still_there = process.stdout.read().split()
    process.wait()

    assert Path(of_the_child).parent != made.parent
    assert still_there == "True"
    assert list(tmp_path.iterdir()) == []
