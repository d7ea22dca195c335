"""What a worker tells its supervisor: how the run goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from klio_exec.runners.tally import Tally


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
    """Sends a report before each piece of work, and one when there are no messages left.

    So a worker that is killed takes along what it has counted of one piece of work; and that comes again.
    """

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._held: bool | None = None

    def __call__(self, report: Report) -> None:
        """Send the report, if it is news."""
        if report.held or report.held != self._held:
            self._held = report.held
            self.send(report)

    def send(self, told: Any) -> None:
        """Send at once. A supervisor that is gone is noticed elsewhere."""
        try:
            self._connection.send(told)
        except OSError:
            return
