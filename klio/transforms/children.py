"""Child processes that run the author's code, kept for the next call, killed when the time is over."""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import Pipe
from typing import Any

from klio.data.scratch import scratch_directory
from klio.metrics.forward import replay
from klio.transforms.task import Outcome, Task, Yielded
from klio.transforms.wire import End, Raised, head_of, rest_of
from klio_core.errors import EngineError, NativeCrash

# A child imports Beam and the job's modules before it begins; that is not the author's time.
_START_S = 120.0
_MAIN = "import sys; sys.path[:] = {path!r}; from klio.transforms.child import main; main({fd}, {home!r}, {level})"


class Late(Exception):
    """The time is over, and the child that was at work is no more."""


class TracebackOfChild(Exception):
    """Carries the traceback of another process as its text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def call_in_child(task: Task, seconds: float | None) -> Outcome:
    """Run the task in a child process. Raises what it raises, with the child's traceback, and Late.

    None is no limit. The time begins when the child has everything that it needs. Raises NativeCrash where the child
    died of the call, JobCodeError where the call cannot be sent, EngineError where no child will start.
    """
    head, rest = head_of(task), rest_of(task)
    child = _taken(task.name, head)
    try:
        yields, last = child.call(task.name, head, rest, seconds)
    except (EOFError, OSError) as error:
        raise _died(task, child.end()) from error
    except BaseException:
        child.end()
        raise
    with _lock:
        _idle.append(child)
    replay(last.told, task.context.metrics)
    if isinstance(last, Raised):
        raise last.error from TracebackOfChild(last.trace)
    return Outcome(tuple(yields), last.several)


class Child:
    """One process, in a session of its own: what it starts is killed with it."""

    def __init__(self) -> None:
        self._home = str(scratch_directory("child-"))
        self._connection, theirs = Pipe()
        level = logging.getLogger().getEffectiveLevel()
        code = _MAIN.format(path=sys.path, fd=theirs.fileno(), home=self._home, level=level)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._known: dict[str, str] = {}

    def knows(self, name: str, head: bytes) -> bool:
        """Whether it has run this very callable, with its object as it is now."""
        return self._known.get(name) == _digest(head)

    def call(self, name: str, head: bytes, rest: bytes, seconds: float | None) -> tuple[list[Yielded], End | Raised]:
        """Answer what the call yielded, and how it ended. Raises Late, and EOFError where the process died."""
        self._connection.send((name, None if self.knows(name, head) else head, rest))
        self._known[name] = _digest(head)
        if not self._connection.poll(_START_S):
            raise EngineError("a process for the code under @timeout did not start", expected=f"within {_START_S:g} s")
        first = self._connection.recv()
        if isinstance(first, Raised):
            return [], first
        return self._answers(None if seconds is None else time.monotonic() + seconds)

    def _answers(self, deadline: float | None) -> tuple[list[Yielded], End | Raised]:
        yields: list[Yielded] = []
        while True:
            if not self._connection.poll(None if deadline is None else max(0.0, deadline - time.monotonic())):
                raise Late
            answer: Any = self._connection.recv()
            if not isinstance(answer, Yielded):
                return yields, answer
            yields.append(answer)

    def end(self) -> int:
        """Kill the process and all that it started. Answers its exit status."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self._connection.close()
        shutil.rmtree(self._home, ignore_errors=True)
        return status


_idle: list[Child] = []
_lock = threading.Lock()


def _taken(name: str, head: bytes) -> Child:
    """Answer an idle child, best one that has run this callable before; a new one where none is idle."""
    with _lock:
        for child in reversed(_idle):
            if child.knows(name, head):
                _idle.remove(child)
                return child
        if _idle:
            return _idle.pop()
    return Child()


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()


def _died(task: Task, status: int) -> NativeCrash:
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return NativeCrash("the process of the code under @timeout died of the call", where=task.name, got=how)


@atexit.register
def _end_all() -> None:
    with _lock:
        for child in _idle:
            child.end()
        _idle.clear()


# A forked copy of this process must not talk to the children of the original.
os.register_at_fork(after_in_child=_idle.clear)
