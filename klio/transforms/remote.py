"""One child process, as its parent sees it."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import select
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

from klio.data.scratch import scratch_directory
from klio.transforms.output import Output
from klio.transforms.task import Yielded
from klio.transforms.wire import WHERE, End, Logged, Raised, Ready, unpickled
from klio_core.errors import NoProcess

# A child imports Beam and the job's modules before it begins, and sets up a model, say; that is not the author's time.
_START_S = 600.0
# The guardian gives up after 10 s, and hardly ever needs more than a hundredth.
_END_S = 20.0
# Code may close what is not its own, and go on; who only ends needs less.
_LEAVING_S = 2.0
# A process has so long to tell where it is, and has told it when it pauses for so long after its first word.
_TELLING_S, _PAUSE_S = 2.0, 0.1
_MAIN = """
import sys
sys.path[:] = {path!r}
from klio.transforms.guardian import guard
def work():
    from klio.transforms.child import work
    work({connection}, {home!r}, {levels})
guard({lifeline}, {home!r}, work, [{connection}])
"""


class Late(Exception):
    """The time is over."""


class Died(Exception):
    """The process ended under the call."""


class Child:
    """A process for the author's code, and the guardian above it, who ends it with all that it has started.

    Raises NoProcess where the machine starts none.
    """

    def __init__(self) -> None:
        self._home = str(scratch_directory("child-"))
        self._connection, theirs = Pipe()
        self._lifeline, end = socket.socketpair()
        self._output = Output()
        self._known: dict[str, bytes] = {}
        self._said: deque[Any] = deque()
        self._pid = 0
        self._poll = select.poll()
        for one in (self._connection, self._lifeline, self._output):
            self._poll.register(one.fileno(), select.POLLIN)
        try:
            with theirs, end:
                self._guardian = self._started(theirs.fileno(), end.fileno())
        except OSError as error:
            self.let_go()
            raise NoProcess(
                "no process for the job's code can be started",
                got=f"{type(error).__name__}: {error}",
                todo="look at the memory and the number of processes of this machine or container",
            ) from error
        finally:
            os.close(self._output.writer)

    def _started(self, connection: int, lifeline: int) -> subprocess.Popen[bytes]:
        code = _MAIN.format(path=sys.path, connection=connection, lifeline=lifeline, home=self._home, levels=_levels())
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            pass_fds=[connection, lifeline],
            stdin=subprocess.DEVNULL,
            stdout=self._output.writer,
            stderr=self._output.writer,
            start_new_session=True,
        )

    @property
    def has_died(self) -> bool:
        """Whether the process has ended, while nobody asked anything of it: memory may have been short."""
        poll = select.poll()
        poll.register(self._lifeline.fileno(), select.POLLIN)
        poll.register(self._connection.fileno(), select.POLLHUP)
        return bool(poll.poll(0))

    def knows(self, name: str, head: bytes) -> bool:
        """Whether it has run this very callable, with its object as it is now."""
        return self._known.get(name) == _digest(head)

    def call(self, name: str, head: bytes, rest: bytes, seconds: float | None) -> tuple[list[Yielded], End | Raised]:
        """Answer what the call yielded, and how it ended. Raises Late, and Died."""
        self._output.taken()
        known = self.knows(name, head)
        self._known.pop(name, None)
        try:
            self._connection.send((name, None if known else head, rest))
        except OSError as error:
            raise Died from error
        if not known:
            first = self._first_answer()
            if not isinstance(first, Ready):
                return [], first
            self._pid = first.pid
        self._known[name] = _digest(head)
        return self._answers(math.inf if seconds is None else time.monotonic() + seconds)

    def _first_answer(self) -> Any:
        try:
            return self._answer(time.monotonic() + _START_S)
        except Late:
            raise NoProcess(
                "a process for the job's code was not ready to work in time",
                expected=f"the imports of the job's modules, and setup(), within {_START_S:g} s",
                got=self._output.taken() or None,
            ) from None

    def _answers(self, deadline: float) -> tuple[list[Yielded], End | Raised]:
        yields: list[Yielded] = []
        while True:
            answer = self._answer(deadline)
            if not isinstance(answer, Yielded):
                return yields, answer
            yields.append(answer)

    def _answer(self, deadline: float) -> Any:
        """Answer what the child says next; take what it prints and logs meanwhile."""
        while True:
            while self._said:
                answer = self._said.popleft()
                if not isinstance(answer, Logged):
                    return answer
                _log_here(answer.record)
            self._listen(deadline)

    def _listen(self, deadline: float) -> None:
        """Wait for something, and take it."""
        left = None if deadline == math.inf else max(0.0, deadline - time.monotonic()) * 1000
        ready = {fd for fd, _ in self._poll.poll(left)}
        if not ready:
            raise Late
        if self._output.fileno() in ready:
            self._output.read()
        if self._connection.fileno() in ready:
            try:
                said = self._connection.recv_bytes()
            except (EOFError, OSError) as error:
                raise Died from error
            self._said.extend(unpickled(said))
        elif self._lifeline.fileno() in ready:
            raise Died

    def printed(self) -> str:
        """Answer what has been printed since this was last asked, or since the call began: its end at least."""
        return self._output.taken()

    def where_it_is(self) -> str:
        """Answer what has been printed, and after it where each thread of the process is."""
        self._output.read()  # what is there already is not its first word
        deadline, patience_s = time.monotonic() + _TELLING_S, _TELLING_S
        with suppress(ProcessLookupError):
            os.kill(self._pid, WHERE)
            while wait([self._output.fileno()], patience_s) and time.monotonic() < deadline:
                self._output.read()
                patience_s = _PAUSE_S
        return self._output.taken()

    def ended(self) -> int:
        """Answer the status of a process that has let go of us, and will end by itself, or be ended."""
        wait([self._lifeline], _LEAVING_S)
        return self.end()

    def end(self) -> int:
        """End the process and all that it has started. Answers its status, as `os.waitstatus_to_exitcode` has it."""
        with suppress(OSError):  # it has ended by itself
            self._lifeline.send(b"end")
        self._lifeline.settimeout(_END_S)
        try:
            status = int(self._lifeline.recv(16) or -9)
        except OSError:  # whoever guards it cannot
            status = -9
            os.killpg(self._guardian.pid, 9)
        self._guardian.wait()
        self.let_go()
        return status

    def let_go(self) -> None:
        """Close what this process holds of it."""
        self._connection.close()
        self._lifeline.close()
        self._output.close()


def _levels() -> dict[str, int]:
    """Answer the level of each logger that has one of its own; the root is called ""."""
    loggers = {"": logging.root, **logging.root.manager.loggerDict}
    return {name: one.level for name, one in loggers.items() if isinstance(one, logging.Logger) and one.level}


def _log_here(record: logging.LogRecord) -> None:
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def _digest(head: bytes) -> bytes:
    return hashlib.sha256(head).digest()
