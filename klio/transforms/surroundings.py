"""What all code of a process shares, and one call may leave otherwise than it found it."""

from __future__ import annotations

import locale
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from klio.transforms.processes import children_of, has_children

# Those that programs handle; to ask for all 64 would take longer than everything else here.
_SIGNALS = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM,
    signal.SIGTERM, signal.SIGCHLD, signal.SIGVTALRM, signal.SIGPROF,
)  # fmt: skip
# What signal.getsignal asks, without the enums that it makes of the answers, which take ten times as long.
_handler = vars(signal)["_signal"].getsignal
# Libraries start a few threads when they are first used, and keep them.
_FEW_THREADS = 8
# A process that has been told to end needs a moment.
_MOMENT_S = 0.1


@dataclass(frozen=True)
class Surroundings:
    """The working directory, the umask, the locale, the environment, signal handlers and standard streams."""

    directory: str
    umask: int
    locale: str
    environment: dict[bytes, bytes]
    handlers: tuple[Any, ...]
    streams: tuple[Any, ...]
    files: tuple[int, ...]  # what is behind the streams

    @classmethod
    def now(cls) -> Surroundings:
        """Answer how they are. Raises OSError where the working directory is no more, or a stream's file is closed."""
        umask = os.umask(0o077)
        os.umask(umask)
        return cls(
            os.getcwd(),  # noqa: PTH109  (a Path is made of it for each element otherwise)
            umask,
            locale.setlocale(locale.LC_ALL),
            dict(vars(os.environb)["_data"]),  # what both it and os.environ hold; to ask them takes 40 µs
            tuple(map(_handler, _SIGNALS)),
            (sys.stdin, sys.stdout, sys.stderr),
            tuple(os.fstat(fd).st_ino for fd in range(3)),
        )

    def restore(self) -> None:
        """Make them again what they were. Raises OSError where that cannot be."""
        with suppress(FileNotFoundError):  # the working directory has been removed
            if Surroundings.now() == self:
                return
        os.chdir(self.directory)
        os.umask(self.umask)
        locale.setlocale(locale.LC_ALL, self.locale)
        os.environb.clear()
        os.environb.update(self.environment)
        for number, handler in zip(_SIGNALS, self.handlers, strict=True):
            if handler is not None and _handler(number) != handler:
                signal.signal(number, handler)
        sys.stdin, sys.stdout, sys.stderr = self.streams
        if Surroundings.now().files != self.files:
            raise OSError("another file is behind stdin, stdout or stderr")


class Worn(Exception):
    """A process should not be used for another call; it says why."""


class Keeper:
    """Finds a process after each call as it was before the first one, or finds it worn."""

    def __init__(self) -> None:
        self._before = Surroundings.now()
        self._processes = children_of(os.getpid())
        self._threads: int | None = None

    def tidy(self) -> None:
        """Restore what can be restored. Raises Worn where something cannot."""
        for reason in self._reasons():
            raise Worn(reason)

    def _reasons(self) -> Iterator[str]:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)  # an alarm that was set would ring in the next call
            self._before.restore()
            for stream in self._before.streams[1:]:
                stream.flush()
        except (OSError, ValueError) as error:  # ValueError: a stream is closed
            yield f"what it has changed cannot be restored: {error!r}"
        if self._has_new_processes():
            yield "it has left processes running; what is to stay is started in setup()"
        threads = threading.active_count()
        if self._threads is None:
            self._threads = threads
        if threads > self._threads + _FEW_THREADS:
            yield f"it leaves threads running: {threads} by now; what is to stay is started in setup()"

    def _has_new_processes(self) -> bool:
        deadline = time.monotonic() + _MOMENT_S
        while has_children() and (new := children_of(os.getpid()) - self._processes):
            if time.monotonic() > deadline:
                return True
            _ask(new)
            time.sleep(0.002)
        return False


def _ask(pids: Iterable[int]) -> None:
    """Let those that have ended be forgotten by the kernel: nobody else asks them."""
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
