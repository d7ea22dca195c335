"""One program of several: how it is started, whether it is ready, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from klio_core import lifeline
from serving import tethered
from serving.log import Log

_LOOK_S = 2.0


@dataclass
class Program:
    """A program with its name in the log; `is_ready` says whether it does what it is there for.

    It has a session of its own, so that Ctrl-C in a terminal reaches it by us alone.
    """

    name: str
    command: Sequence[str]
    directory: Path
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    been_ready: bool = False
    process: subprocess.Popen[bytes] | None = None

    def start(self, log: Log) -> None:
        """Start it, or start it again."""
        held = lifeline.held()
        held["env"].update({"PYTHONUNBUFFERED": "1", **self.environment})
        self.process = subprocess.Popen(
            [sys.executable, tethered.__file__, *self.command],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **held,
        )
        assert self.process.stdout is not None
        log.follow(self.name, self.process.stdout)

    @property
    def runs(self) -> bool:
        """Whether it was started, and has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def how(self) -> str:
        """How it ended, in words."""
        status = self.process.returncode if self.process else None
        if status is None:
            return "runs"
        number = -status if status < 0 else status - 128
        named = number in {one.value for one in signal.Signals}
        return f"was ended by {signal.Signals(number).name}" if named else f"ended with status {status}"

    def ready(self) -> bool:
        """Answer whether it is ready by now, or was before."""
        self.been_ready = self.been_ready or (self.runs and self.is_ready())
        return self.been_ready

    def ask(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End it, and all that it has started, at once."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):  # the second is macOS' word for a group of dead ones
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def answers(url: str) -> Callable[[], bool]:
    """Answer what looks whether an address answers with 200."""

    def look() -> bool:
        try:
            with _DIRECTLY.open(url, timeout=_LOOK_S) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return look


_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
