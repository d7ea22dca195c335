"""How far each element is in each job of a graph: status records in, cells of a table out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from klio_core.status import State, Status

# An element may come to a job by several ways, and be dropped on the first: what it came to in the end counts.
_WEIGHT = {State.PASSED_ON: 1, State.COMMITTED: 2, State.DEAD_LETTER: 3}
_ARRIVED = (State.COMMITTED, State.PASSED_ON)


@dataclass
class Progress:
    """The last thing told of each element in each job; `last` are the jobs that elements are to come through.

    One that `learns` takes every element for one of ours that is told of.
    """

    elements: list[bytes]
    jobs: Sequence[str]
    last: Sequence[str]
    learns: bool = False
    told: dict[tuple[bytes, str], Status] = field(init=False, default_factory=dict)
    _ours: set[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._ours = set(self.elements)

    def saw(self, record: Status) -> bool:
        """Take one record in; answer whether it is news of one of our elements."""
        if self.learns and record.element not in self._ours:
            self._ours.add(record.element)
            self.elements.append(record.element)
        if record.element not in self._ours or record.job not in self.jobs:
            return False
        known = self.told.get((record.element, record.job))
        if known is not None and not _replaces(record, known):
            return False
        self.told[record.element, record.job] = record
        return True

    def arrived(self, element: bytes) -> bool:
        """Whether an element has come through every last job."""
        found = [self.told.get((element, job)) for job in self.last]
        return all(record is not None and record.state in _ARRIVED for record in found)

    @property
    def stranded(self) -> list[bytes]:
        """The elements that have not come through."""
        return [element for element in dict.fromkeys(self.elements) if not self.arrived(element)]

    @property
    def dead(self) -> int:
        """How many dead letters there were."""
        return sum(self.counts(job)[State.DEAD_LETTER] for job in self.jobs)

    def counts(self, job: str) -> Counter[State]:
        """Answer how many elements are in each state in one job."""
        return Counter(record.state for (_, name), record in self.told.items() if name == job)


def _replaces(record: Status, known: Status) -> bool:
    new, old = _WEIGHT.get(record.state, 0), _WEIGHT.get(known.state, 0)
    return new > old if new or old else record.at >= known.at
