"""Ends a run when it is asked to: the first signal lets it finish what it has begun, the second does not."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable

from klio_core import lifeline
from klio_exec import signals

log = logging.getLogger("klio.run")
_INTERRUPTED = 130


class Stop:
    """Ctrl-C and SIGTERM as a question that the run answers when it can.

    A run that has not ended `drain_timeout_s` after the first signal gives back what it holds, says its last words,
    and the process ends: nothing is lost, somebody else does that work again.
    """

    def __init__(self, drain_timeout_s: float, level: int = logging.WARNING) -> None:
        self._drain_timeout_s = drain_timeout_s
        self._level = level  # of what is said when it is asked to: a supervisor says it for its workers
        self._asked = threading.Event()
        self._at_once: Callable[[], None] = lambda: None
        self._late: Callable[[], None] = lambda: None
        self._last_words: Callable[[], int] = lambda: 0
        self._ended: Callable[[int], int] = lambda status: status
        self.interrupted = False

    @property
    def asked(self) -> bool:
        """Whether the run is to end."""
        return self._asked.is_set()

    def when_asked(self, give_back: Callable[[], None]) -> None:
        """Say what to do with the work that has not begun. It is done in a thread of its own."""
        self._at_once = give_back

    def when_late(self, give_back: Callable[[], None]) -> None:
        """Say what to do with the work that is not done in time."""
        self._late = give_back

    def when_given_up(self, say: Callable[[], int]) -> None:
        """Say what is to be told of a run that is not done in time; `say` answers the exit status."""
        self._last_words = say

    def when_ended(self, note: Callable[[int], int]) -> None:
        """Say what is to be done with the exit status of a run that does not come to its own end; `note` answers it."""
        self._ended = note

    def ask(self) -> None:
        """Ask the run to end, however long that takes."""
        self._asked.set()
        threading.Thread(target=self._at_once, name="klio-stop", daemon=True).start()

    def listen(self) -> None:
        """Take the process's signals, and the end of the process that started us. Only the main thread may."""
        signals.hear((signal.SIGINT, signal.SIGTERM), self._signalled)
        lifeline.watch(_parent_gone)

    def _signalled(self, number: signal.Signals) -> None:
        if self.asked:
            self._late()
            os._exit(self._ended(_INTERRUPTED))
        self.interrupted = number == signal.SIGINT
        log.log(self._level, "stopping: what has been begun is finished (for at most %g s)", self._drain_timeout_s)
        self.ask()
        timer = threading.Timer(self._drain_timeout_s, self._give_up)
        timer.daemon = True
        timer.start()

    def _give_up(self) -> None:
        log.warning("not done within %g s: the work is given back", self._drain_timeout_s)
        self._late()
        os._exit(self._ended(self._last_words()))


def _parent_gone() -> None:
    log.warning("what started this run is gone")
    os.kill(os.getpid(), signal.SIGTERM)
