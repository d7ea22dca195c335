from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from klio_exec.stop import Stop

WAIT_S = 20.0

PROGRAM = """
import sys
import threading
from klio_exec.stop import Stop

stop, given_back = Stop(float(sys.argv[1])), threading.Event()


def give_back():
    print("asked", flush=True)
    given_back.set()


stop.when_asked(give_back)
stop.when_late(lambda: print("late", flush=True))
stop.when_given_up(lambda: print("words", flush=True) or 3)
stop.listen()
print("ready", flush=True)
while not stop.asked or sys.argv[2] == "busy":
    threading.Event().wait(0.01)
given_back.wait()
print("interrupted" if stop.interrupted else "terminated", flush=True)
"""


def program(drain_s: float, kind: str) -> subprocess.Popen[str]:
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(drain_s), kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    return running


def test_nothing_is_asked_at_first():
    assert not Stop(1).asked


def test_who_asks_has_what_is_not_begun_given_back_in_a_thread_of_its_own():
    stop, given_back = Stop(1), threading.Event()
    stop.when_asked(given_back.set)

    stop.ask()

    assert stop.asked
    assert given_back.wait(WAIT_S)
    assert not stop.interrupted


@pytest.mark.parametrize(("number", "word"), [(signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupted")])
def test_a_signal_asks_and_the_run_ends_in_its_own_time(number: signal.Signals, word: str):
    running = program(60, "idle")
    running.send_signal(number)
    out, _ = running.communicate(timeout=WAIT_S)

    assert running.returncode == 0
    assert set(out.split()) == {"asked", word}


def test_what_is_not_done_in_time_is_given_back_and_the_last_words_say_how_the_process_ends():
    running = program(0.1, "busy")
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=WAIT_S)

    assert (running.returncode, out.split()) == (3, ["asked", "late", "words"])


def test_a_second_signal_gives_back_and_ends_at_once():
    running = program(60, "busy")
    assert running.stdout is not None
    running.send_signal(signal.SIGINT)
    assert running.stdout.readline() == "asked\n"
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=WAIT_S)

    assert (running.returncode, out.split()) == (130, ["late"])


# The main thread waits for good, and others are begun all the time: each may be woken in its place.
ASLEEP = """
import threading
from klio_exec.stop import Stop

stop = Stop(60)
ended = threading.Event()
stop.when_asked(ended.set)
stop.listen()


def begin_threads():
    while not ended.is_set():
        one = threading.Thread(target=lambda: None)
        one.start()
        one.join()


for _ in range(4):
    threading.Thread(target=begin_threads).start()
print("ready", flush=True)
ended.wait()
print("ended")
"""


def test_a_signal_is_heard_while_the_main_thread_sleeps_and_others_begin():
    for _ in range(5):
        running = subprocess.Popen(
            [sys.executable, "-c", ASLEEP], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            running.send_signal(signal.SIGTERM)

            assert running.communicate(timeout=WAIT_S)[0] == "ended\n"
        finally:
            running.kill()  # it would go on, and take a processor


# What a forked child does is told by its status; the parent hears what is sent to itself alone.
FORKS = """
import os
import signal
import time
from klio_exec.stop import Stop

stop = Stop(60)
stop.listen()
child = os.fork()
if child == 0:
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    print("Ctrl-C does not end it", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), stop.asked)
"""


def test_a_forked_child_ends_on_sigterm_and_what_is_sent_to_it_is_not_heard_by_us():
    run = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=WAIT_S, check=True)

    assert run.stdout == f"Ctrl-C does not end it\n{-signal.SIGTERM} False\n"
