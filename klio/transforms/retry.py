"""`@retry`: call the author's code again when it fails."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from itertools import count

from klio.transforms.task import Outcome, Task, recorded
from klio_core.errors import KlioRetriesExhausted, LostLease

log = logging.getLogger("klio")
Exceptions = type[Exception] | tuple[type[Exception], ...]


@dataclass(frozen=True)
class Retry:
    """How often, after which pause, and after what.

    `tries` counts all attempts, -1 is without end. The pause before attempt n + 1 is delay · backoff^(n - 1) seconds,
    `max_delay` at most, and then up to `jitter` seconds more, at random.
    """

    tries: int = -1
    delay: float = 0.0
    exception: Exceptions = Exception
    raises: type[Exception] = KlioRetriesExhausted
    message: str | None = None
    backoff: float = 1.0
    max_delay: float | None = None
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.tries, bool) or not isinstance(self.tries, int) or self.tries < -1 or self.tries == 0:
            raise RuntimeError(f"retry: tries is a whole number of at least 1, or -1 for no end, got {self.tries!r}")
        for name in ("delay", "jitter"):
            _check(name, getattr(self, name), at_least=0)
        _check("backoff", self.backoff, at_least=1)
        if self.max_delay is not None:
            _check("max_delay", self.max_delay, at_least=0)

    def around(self, task: Task) -> Outcome:
        """Answer the first attempt that comes to its end. Raises `raises` after the last one.

        Each attempt gets `data` as it came in.
        """
        data = task.data
        came_in = data.SerializeToString() if data is not None else b""
        for attempt in count(1):
            try:
                return recorded(task)
            except LostLease:  # another worker has made the output: there is nothing left to try
                raise
            except self.exception as error:
                if attempt == self.tries:
                    task.count("kmsg-drop-retry-error")
                    raise self.raises(self.message or _said(task, attempt, error)) from error
                task.count("kmsg-retry-attempt")
                log.warning("%s: attempt %d of %s failed (%r)", task.name, attempt, self._last, error)
            if data is not None:
                data.ParseFromString(came_in)
                task.context.start_over()
            time.sleep(self.pause(attempt))
        raise AssertionError("attempts are counted without end")

    def pause(self, attempt: int) -> float:
        """Answer how many seconds to wait after this attempt, the first being 1."""
        # Beyond 1000 attempts backoff would leave the range of numbers; by then it is max_delay, or for ever.
        grown = self.delay * self.backoff ** min(attempt - 1, 1000) if self.delay else 0.0
        most = grown if self.max_delay is None else min(grown, self.max_delay)
        return most + random.uniform(0, self.jitter)  # noqa: S311  (spreads load, keeps no secret)

    @property
    def _last(self) -> str:
        return "any number" if self.tries == -1 else str(self.tries)


def _said(task: Task, attempts: int, error: Exception) -> str:
    return f"{task.name} failed {attempts} time(s), as often as @retry allows; at last with {type(error).__name__}"


def _check(name: str, value: float, *, at_least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= at_least:
        raise RuntimeError(f"retry: {name} is a number of at least {at_least}, got {value!r}")
