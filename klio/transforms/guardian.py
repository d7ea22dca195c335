"""Between a worker and the process of the author's code: it sees to it that nothing of that process is left.

The worker starts this small process, which forks the one that works, and waits: for that one to end, or for the
worker to say so, or to be gone. Then it ends all that descends from the one that works, in whatever session or group
it is, removes its directory, and tells the worker how it ended. It needs nothing of the process that works, which may
be in an endless loop within some library that lets no other thread of it run.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from klio.transforms.processes import adopt_orphans, descendants_of, end_with_parent, has_children

# What does not end within this time waits for a device that does not answer; nobody can end that.
_PATIENCE_S = 10.0


def guard(lifeline: int, home: str, work: Callable[[], None], of_the_worker: Sequence[int] = ()) -> None:
    """Run `work` in a forked process until it ends or there is something to read at `lifeline`; never returns.

    The files `of_the_worker` are closed here: when that process ends, whoever is at their other end notices.
    What is written to the lifeline, last of all, is the status as `os.waitstatus_to_exitcode` has it, in digits.
    """
    adopt_orphans()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # so that there is something to be woken by
    worker = os.fork()
    if worker == 0:
        _become_the_worker(lifeline, (woken, wake))
        work()
        os._exit(0)
    for fd in of_the_worker:
        os.close(fd)
    status = _watched(worker, lifeline, woken)
    status = _ended(worker, status)
    shutil.rmtree(home, ignore_errors=True)
    with suppress(OSError):  # nobody is there to be told
        os.write(lifeline, str(status).encode())
    os._exit(0)


def _become_the_worker(lifeline: int, wakers: tuple[int, int]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd in (lifeline, *wakers):
        os.close(fd)
    os.setsid()  # what the code sends to its group does not reach the guardian
    end_with_parent()
    adopt_orphans()


def _watched(worker: int, lifeline: int, woken: int) -> int | None:
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll()}
        if woken in ready:
            os.read(woken, 4096)
        status = _reaped(worker)
        if status is not None or lifeline in ready:
            return status


def _reaped(worker: int) -> int | None:
    """Ask all that have ended; answer the status of the one that works, if it is among them."""
    found = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == worker:
                found = os.waitstatus_to_exitcode(status)
    return found


def _ended(worker: int, status: int | None) -> int:
    """End all that descends from this process. Answers the status of the one that works."""
    deadline = time.monotonic() + _PATIENCE_S
    if status is None:
        with suppress(ProcessLookupError):
            os.killpg(worker, signal.SIGKILL)
    while time.monotonic() < deadline:
        for pid in descendants_of(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        found = _reaped(worker)
        status = status if found is None else found
        if not has_children():
            break
        time.sleep(0.001)
    return -signal.SIGKILL if status is None else status
