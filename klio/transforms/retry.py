"""`@retry`: call the author's code again when it fails."""

from __future__ import annotations

import logging
import math
import random
import time
from dataclasses import dataclass
from itertools import count

from klio.transforms.task import Outcome, Task, recorded
from klio_core.errors import KlioError, KlioRetriesExhausted, KlioTimeoutError, LostLease

log = logging.getLogger("klio")
# What chance says about pauses; a test seeds it.
dice = random.Random()  # noqa: S311  (spreads load, keeps no secret)
Exceptions = type[Exception] | tuple[type[Exception], ...]


@dataclass(frozen=True)
class Retry:
    """How often, after which pause, and after what.

    `tries` counts all attempts, -1 is without end. The pause before attempt n + 1 is delay · backoff^(n - 1) seconds,
    `max_delay` at most; `jitter`, 0 to 1, is how much of it is left to chance: with 1 it is anything between nothing
    and all of it, so that many workers do not come back at the same moment ("full jitter": Brooker, "Exponential
    Backoff and Jitter", AWS Architecture Blog, 2015).
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
        _check("delay", self.delay, at_least=0)
        _check("backoff", self.backoff, at_least=1)
        _check("jitter", self.jitter, at_least=0, at_most=1)
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
            except self.exception as error:
                if self._is_final(error):
                    raise
                if attempt == self.tries:
                    if isinstance(error, KlioError) and error.transient and task.context.streaming:
                        raise  # an outage: the message comes again, and is no dead letter
                    task.count("kmsg-drop-retry-error")
                    raise self.raises(self.message or _said(task, attempt, error)) from error
                task.count("kmsg-retry-attempt")
                log.warning("%s: attempt %d of %s failed (%r)", task.name, attempt, self._last, error)
            if data is not None:
                data.ParseFromString(came_in)
                task.context.start_over()
            time.sleep(self.pause(attempt, dice.random()))
        raise AssertionError("attempts are counted without end")

    def pause(self, attempt: int, chance: float) -> float:
        """Answer how many seconds to wait after this attempt, the first being 1; `chance` is 0 to 1."""
        # Beyond 1000 attempts backoff would leave the range of numbers; by then it is max_delay, or for ever.
        grown = self.delay * self.backoff ** min(attempt - 1, 1000) if self.delay else 0.0
        most = grown if self.max_delay is None else min(grown, self.max_delay)
        return most * (1 - self.jitter * chance)

    def _is_final(self, error: Exception) -> bool:
        """Whether another attempt would find the same: klio says so of its own errors, unless they were asked for."""
        if not isinstance(error, KlioError) or isinstance(error, KlioTimeoutError):
            return False
        asked = self.exception if isinstance(self.exception, tuple) else (self.exception,)
        if any(issubclass(kind, KlioError) and isinstance(error, kind) for kind in asked):
            return False
        # Another worker has made the output: transient, since a stream finds it there, but nothing left to try.
        return isinstance(error, LostLease) or not error.transient

    @property
    def _last(self) -> str:
        return "any number" if self.tries == -1 else str(self.tries)


def _said(task: Task, attempts: int, error: Exception) -> str:
    return f"{task.name} failed {attempts} time(s), as often as @retry allows; at last with {type(error).__name__}"


def _check(name: str, value: float, *, at_least: float, at_most: float = math.inf) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not at_least <= value <= at_most:
        bounds = f"of at least {at_least}" if at_most == math.inf else f"from {at_least} to {at_most}"
        raise RuntimeError(f"retry: {name} is a number {bounds}, got {value!r}")
