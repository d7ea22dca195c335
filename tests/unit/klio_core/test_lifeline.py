from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from klio_core import lifeline

PATIENCE_S = 40

# Two of them write to one pipe: each line in one write, also where Python does not buffer.
WATCH = """
import os, sys, threading
from klio_core import lifeline

gone = threading.Event()
lifeline.watch(gone.set)
os.write(1, b"watching\\n")
os.write(1, b"gone\\n" if gone.wait(float(sys.argv[1])) else b"still there\\n")
"""
# A parent that starts two children, and holds no end of their output.
PARENT = """
import os, subprocess, sys, time
from klio_core import lifeline

for number in range(2):
    subprocess.Popen([sys.executable, "-c", sys.argv[1], "40"], stdout=sys.stdout, **lifeline.held())
sys.stdout.close()
if os.fork():  # a fork of the parent does not keep the line
    print(os.getpid(), file=sys.stderr, flush=True)
time.sleep(60)
"""


def test_children_notice_that_their_parent_was_killed() -> None:
    command = [sys.executable, "-c", PARENT, WATCH]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        parent.stderr.readline()  # it has forked
        begun = [parent.stdout.readline() for _ in range(2)]
        parent.kill()
        said = [parent.stdout.readline() for _ in range(2)]
        os.killpg(parent.pid, signal.SIGKILL)  # the fork

    assert begun == [b"watching\n"] * 2
    assert said == [b"gone\n"] * 2


def test_while_the_parent_lives_nothing_happens() -> None:
    watching = subprocess.run([sys.executable, "-c", WATCH, "0.3"], capture_output=True, check=True, **lifeline.held())

    assert watching.stdout == b"watching\nstill there\n"


def test_a_process_that_only_inherits_the_variable_watches_nothing(tmp_path: Path) -> None:
    given = lifeline.held()

    with (tmp_path / "other").open("wb") as other:
        for kept in ((), (other.fileno(),)):
            environment = given["env"] | {"KLIO_LIFELINE": f"{other.fileno()} 1"}
            watching = subprocess.run(
                [sys.executable, "-c", WATCH, "0.3"],
                capture_output=True,
                check=True,
                env=environment,
                pass_fds=kept,
                timeout=PATIENCE_S,
            )
            assert watching.stdout == b"watching\nstill there\n"
