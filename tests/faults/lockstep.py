"""A worker whose process stops wherever a test wants it to: real code of the framework, one step at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Killed(BaseException):
    """Unwinds a thread whose process has died; nothing of klio's catches it."""


class Steps:
    """Runs `work(pause)` in a thread that waits at every `pause(said)` until it is told to go on.

    Only one side runs at a time, so nothing depends on chance. What `pause` said is what `step` answers; None means
    that the work has come to its end.
    """

    def __init__(self, work: Callable[[Callable[[Any], None]], None]) -> None:
        self._work = work
        self._said: Any = None
        self._error: BaseException | None = None
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.killed = False
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def step(self) -> Any:
        """Let the work go on to its next pause. Raises what the work raises."""
        self._theirs.release()
        self._mine.acquire()
        if self._error is not None:
            raise self._error
        return self._said

    def kill(self) -> None:
        """End it where it stands."""
        self.killed = True
        if not self.over:
            self._theirs.release()
            self._thread.join()

    def _run(self) -> None:
        try:
            self._pause_here()
            self._work(self._pause)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  (it is raised where the step was asked for)
            self._error = error
        self._said = None
        self._mine.release()

    def _pause(self, said: Any) -> None:
        self._said = said
        self._mine.release()
        self._pause_here()

    def _pause_here(self) -> None:
        self._theirs.acquire()
        if self.killed:
            raise Killed
