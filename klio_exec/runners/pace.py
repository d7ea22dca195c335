"""How many messages go through the graph together."""

from __future__ import annotations

# A batch should take about this long: its first message waits for its last one, and all are done again after a crash.
_TARGET_S = 1.0
_GROWTH = 4
_NEWEST = 0.5  # the weight of the newest batch in the estimate


class Pace:
    """Learns from each batch how many messages fit into a second of work.

    Slow work goes one by one, so nothing waits and little is done twice after a crash; fast work goes in batches, so
    that the cost of a batch (4 to 9 ms) is shared.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 1
        self._seconds_each: float | None = None

    @property
    def size(self) -> int:
        """The messages that the next batch should hold."""
        return self._size

    @property
    def room(self) -> int:
        """The messages that may be held at once: slow work takes nothing ahead that another worker could do."""
        return 1 if self._size == 1 else min(self._limit, 2 * self._size)

    def learn(self, messages: int, seconds: float) -> None:
        """Take in how long a batch took."""
        each = seconds / messages
        known = self._seconds_each
        self._seconds_each = each if known is None else _NEWEST * each + (1 - _NEWEST) * known
        fitting = int(_TARGET_S / max(self._seconds_each, 1e-9))
        # Half of what may be held, so that the next batch arrives while this one is worked on.
        self._size = max(1, min(fitting, self._size * _GROWTH, self._limit // 2))
