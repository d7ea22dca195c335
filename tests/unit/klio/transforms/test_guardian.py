import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from klio.transforms.processes import children_of, descendants_of, exit_status

# Each writes its pid to a file of its name: below it a child, one in a session of its own, and an orphan in another.
FAMILY = """
sleeper = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
def start(name, code=sleeper, **options):
    return subprocess.Popen([sys.executable, "-c", code, os.path.join(home, name)], **options)
start("near")
start("away", start_new_session=True, env={})
start("orphan", "import subprocess, sys; subprocess.Popen([sys.executable, '-c', %r, sys.argv[1]], "
      "start_new_session=True)" % sleeper).wait()
while not all(os.path.exists(os.path.join(home, name)) for name in ("near", "away", "orphan")):
    time.sleep(0.01)
"""
NOTE = "open(os.path.join(home, 'self'), 'w').write(str(os.getpid()))\n"
FOREVER = "time.sleep(600)\n"
# The search lets no other thread run, and takes longer than anyone lives.
DEAF = "re.match('(a+)+$', 'a' * 60 + 'b')\n"


@pytest.fixture
def guarded(tmp_path):
    """Start a guardian over some code; answer it, our end of its lifeline, and the directory that is its own."""
    started = []

    def start(code):
        home = tmp_path / "home"
        home.mkdir()
        ours, theirs = socket.socketpair()
        ours.settimeout(30)
        script = f"from klio.transforms.guardian import guard\nhome = {str(home)!r}\ndef work():\n" + "".join(
            f"    {line}\n" for line in code.splitlines()
        )
        with theirs:
            script += f"guard({theirs.fileno()}, home, work)"
            command = [sys.executable, "-c", "import os, re, signal, subprocess, sys, time\n" + script]
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        started.append((process, ours))
        return process, ours, home

    yield start
    for process, ours in started:
        ours.close()
        process.wait(30)


def family_of(home):
    names = ("self", "near", "away", "orphan")
    wait_for(lambda: all((home / name).exists() and (home / name).read_text() for name in names))
    return [int((home / name).read_text()) for name in names]


def wait_for(what):
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def status(lifeline):
    return int(lifeline.recv(16))


@pytest.mark.slow
@pytest.mark.parametrize("busy", [FOREVER, DEAF], ids=["sleeping", "deaf"])
def test_everything_ends_when_it_is_said_in_whatever_session_it_is(guarded, busy):
    process, lifeline, home = guarded(NOTE + FAMILY + busy)
    family = family_of(home)
    lifeline.send(b"end")
    assert status(lifeline) == -signal.SIGKILL
    assert not any(map(alive, family))
    assert process.wait(30) == 0
    assert not home.exists()


@pytest.mark.slow
def test_everything_ends_when_who_started_it_is_gone(guarded):
    process, lifeline, home = guarded(NOTE + FAMILY + DEAF)
    family = family_of(home)
    lifeline.close()  # as the kernel does it after kill -9
    process.wait(30)
    assert not any(map(alive, family))
    assert not home.exists()


@pytest.mark.slow
def test_what_a_crash_leaves_behind_ends_as_well(guarded):
    crash = "while not os.path.exists(os.path.join(home, 'go')): time.sleep(0.01)\nos.kill(os.getpid(), signal.SIGSEGV)"
    _, lifeline, home = guarded(NOTE + FAMILY + crash)
    family = family_of(home)
    (home / "go").touch()
    assert status(lifeline) == -signal.SIGSEGV
    assert not any(map(alive, family))


@pytest.mark.parametrize(("code", "code_of"), [("os._exit(7)", 7), ("pass", 0), ("os.abort()", -signal.SIGABRT)])
def test_it_says_how_the_process_ended(guarded, code, code_of):
    _, lifeline, _ = guarded(code)
    assert status(lifeline) == code_of


@pytest.mark.slow
def test_who_kills_his_guardian_ends_with_it(guarded):
    process, _, home = guarded(NOTE + "os.kill(os.getppid(), 9)\n" + FOREVER)
    assert process.wait(30) == -signal.SIGKILL
    wait_for(lambda: not alive((home / "self").read_text()))


def test_descendants_are_children_and_theirs():
    shell = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    with shell:
        last = int(shell.stdout.readline())
        assert shell.pid in children_of(os.getpid())
        assert last in descendants_of(os.getpid())
        assert len(descendants_of(shell.pid)) == 2
        for pid in descendants_of(os.getpid()) & ({shell.pid} | descendants_of(shell.pid)):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("code", "said"),
    [(0, "exit status 0"), (7, "exit status 7"), (-11, "signal SIGSEGV"), (-9, "signal SIGKILL"), (-40, "signal 40")],
)
def test_an_exit_status_is_said_in_words(code, said):
    assert exit_status(code) == said
