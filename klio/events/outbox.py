"""What may leave a moment later, together: an outbox that a thread of its own empties."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
# People who watch notice no less; a job that does thousands of elements a second sends a message for all of them.
_MOMENT_S = 0.02
_TOGETHER = 1000


class Outbox(Generic[T]):
    """Hands things over in the order in which they were put, those of 20 ms together, a thousand at most.

    What was put shortly before the process is killed is lost; at an ordinary end nothing is.
    """

    def __init__(self, send: Callable[[Sequence[T]], None]) -> None:
        self._send = send
        self._things: deque[T] = deque()
        self._some = threading.Event()
        self._one_sends = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, thing: T) -> None:
        """Take one thing. Does not wait."""
        self._things.append(thing)
        if not self._some.is_set():
            self._some.set()
            self._see_to_the_thread()

    def flush(self) -> None:
        """Send what is there now."""
        with self._one_sends:
            self._some.clear()
            while together := list(islice(self._taken(), _TOGETHER)):
                self._send(together)

    def _taken(self) -> Iterator[T]:
        """Yield what is there now. Another thread may put more meanwhile."""
        while self._things:
            yield self._things.popleft()

    def _see_to_the_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="klio-outbox", daemon=True)
            self._thread.start()
            atexit.register(self.flush)

    def _work(self) -> None:
        while self._some.wait():
            time.sleep(_MOMENT_S)
            self.flush()
