"""Following elements through a job: status records in, one line for each element out. Pure: no service, no screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from klio_cli.lines import status_line
from klio_core.status import State, Status


@dataclass
class Follow:
    """How far each element has come in one job, as far as status records tell.

    Feed it every record that arrives with `saw`; an element is done with its first final state. `started` and every
    `now` are seconds of one clock, which need not be that of the records.
    """

    elements: Iterable[bytes]
    job: str
    started: float
    latest: dict[bytes, Status] = field(init=False)
    unfinished: set[bytes] = field(init=False)
    heard: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.latest = {e: Status(e, self.job, State.QUEUED, at=0.0) for e in self.elements}
        self.unfinished = set(self.latest)

    def saw(self, record: Status) -> bool:
        """Take one record in; answer whether it changed what is known of one of our elements."""
        known = self.latest.get(record.element)
        if record.job != self.job or known is None:
            return False
        self.heard = True
        if known.state.final or (record.attempt, record.at) < (known.attempt, known.at):
            return False  # late, or of a delivery that is none of ours
        self.latest[record.element] = record
        if record.state.final:
            self.unfinished.remove(record.element)
        return status_line(record) != status_line(known)  # what a worker is at, it says again with each renewal

    @property
    def done(self) -> bool:
        """Whether every element has a final state."""
        return not self.unfinished

    @property
    def dead(self) -> bool:
        """Whether any element became a dead letter."""
        return any(record.state is State.DEAD_LETTER for record in self.latest.values())

    def unheard(self, now: float, patience: float) -> bool:
        """Whether no record of ours has come for `patience` seconds from the start."""
        return not self.heard and now - self.started >= patience

    def summary(self) -> str:
        """Answer how many elements are in each state: `3 committed, 1 dead letter`."""
        counts = Counter(record.state for record in self.latest.values())
        return ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
