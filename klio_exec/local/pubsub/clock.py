"""The two times a broker needs, as one thing to hand in, so that tests need no waiting."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds, twice."""

    def wall(self) -> float:
        """Seconds since 1970: publish times and retention."""
        ...

    def steady(self) -> float:
        """Seconds since some moment, never set back: leases and rests."""
        ...


class SystemClock:
    """The clock of this machine."""

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def steady(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()
