"""What a worker tells its supervisor: how the run goes, now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from klio_exec.runners.tally import Tally

# What is told less often than this is lost for the summary when a worker is killed; nothing else is.
_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """How a run goes.

    `tally` is what it has counted so far, `held` whether it has messages, `quiet_since` when it was last done with one
    (on the machine's monotonic clock).
    """

    tally: Tally
    held: bool
    quiet_since: float


Tell = Callable[[Report], None]


def to_nobody(_report: Report) -> None:
    """Tell nobody."""


class ToSupervisor:
    """Sends a report when a run begins to have messages, when it has none left, and now and then in between."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._held: bool | None = None
        self._sent_at = 0.0

    def __call__(self, report: Report) -> None:
        """Send the report, if it is news."""
        now = time.monotonic()
        if report.held == self._held and now - self._sent_at < _EVERY_S:
            return
        self._held, self._sent_at = report.held, now
        self.send(report)

    def send(self, told: Any) -> None:
        """Send at once. A supervisor that is gone is noticed elsewhere."""
        try:
            self._connection.send(told)
        except OSError:
            return
