"""One worker, a process with a run of its own, as its supervisor sees it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from klio.events.status import worker_name
from klio_core import lifeline
from klio_core.errors import KlioError
from klio_exec.runners.report import Report

_LAST_WORDS_S = 2.0
_PERHAPS = {
    signal.SIGKILL: "perhaps for memory",
    signal.SIGSEGV: "a crash of native code",
    signal.SIGABRT: "a crash of native code",
    signal.SIGBUS: "a crash of native code",
}


class Worker:
    """A process that works on the job's subscriptions. `report` is its last one, `error` what ended it, if it said so.

    It is in a group of its own, so that Ctrl-C comes to its supervisor alone; when that is gone, it stops.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.report: Report | None = None
        self.error: KlioError | None = None
        ours, theirs = Pipe(duplex=False)
        held = lifeline.held()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "klio_exec.cli", "work", str(theirs.fileno()), *arguments],
                stdin=subprocess.DEVNULL,
                process_group=0,
                pass_fds=(*held["pass_fds"], theirs.fileno()),
                env={**held["env"], **environment},
            )
        self._listener = threading.Thread(target=self._listen, args=(ours,), name="klio-worker", daemon=True)
        self._listener.start()

    @property
    def name(self) -> str:
        """Its name in the status records."""
        return worker_name(self._process.pid)

    @property
    def ended(self) -> bool:
        """Whether it has ended; then its last words are here, too."""
        if self._process.poll() is None:
            return False
        self._listener.join(_LAST_WORDS_S)  # a child that it leaves behind may keep the line open
        return True

    @property
    def how(self) -> str:
        """What became of it: `killed by SIGKILL, perhaps for memory`, `exit status 9`."""
        status = self._process.returncode
        if status is None or status >= 0:
            return f"exit status {status}"
        number = signal.Signals(-status)
        return ", ".join(filter(None, (f"killed by {number.name}", _PERHAPS.get(number))))

    def ask(self) -> None:
        """Let it finish what it has begun; asked twice, it gives everything back at once."""
        self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()

    def _listen(self, line: Connection[Any, Any]) -> None:
        with line, suppress(EOFError, OSError):
            while True:
                told = line.recv()
                if isinstance(told, KlioError):
                    self.error = told
                else:
                    self.report = told
