"""Where each element of a job stands, by the status records that its workers have left. Pure: no files, no screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from klio_core.status import State, Status, text_of

LOST = "lost"
_HELD = (State.LEASED, State.WORKING)
STATES = (*(str(state) for state in State), LOST)


@dataclass(frozen=True, slots=True)
class Stand:
    """What was said of an element last, in the delivery that began at `run`, and `since` when it is so (s, epoch)."""

    record: Status
    run: float
    since: float

    def next(self, record: Status) -> Stand:
        """Answer what the same worker's next record makes of it."""
        if self._anew(record):
            return Stand(record, record.at, record.at)
        if self.record.state.final:
            return self  # a repetition that was on its way when the work ended
        return Stand(record, self.run, self.since if record.state is self.record.state else record.at)

    def _anew(self, record: Status) -> bool:
        """Whether the worker has begun anew with the element; a lease that is renewed is said again."""
        leased_anew = record.state is State.LEASED and self.record.state is not State.LEASED
        return leased_anew or record.attempt != self.record.attempt


@dataclass
class Standing:
    """Where all elements of one job stand. `lease_s` is how long nothing may be heard of an element in work."""

    job: str
    lease_s: float
    _stands: dict[bytes, Stand] = field(init=False, default_factory=dict)
    _told: dict[str, dict[bytes, Stand]] = field(init=False, default_factory=dict)

    def take(self, records: Iterable[Status], worker: str = "") -> None:
        """Take in what one worker told, in its order: all of it, or, of a named `worker`, what it told since.

        Of several workers the one counts that began last: another one may have stood still meanwhile, and say
        something afterwards.
        """
        ours = self._told.setdefault(worker, {}) if worker else {}
        changed: dict[bytes, Stand] = {}
        for record in records:
            if record.job == self.job:
                known = ours.get(record.element)
                stand = known.next(record) if known else Stand(record, record.at, record.at)
                ours[record.element] = changed[record.element] = stand
        for element, stand in changed.items():
            known = self._stands.get(element)
            if known is None or stand.run >= known.run:
                self._stands[element] = stand

    def state(self, stand: Stand, now: float) -> str:
        """Answer the state; `lost` where a worker had it, and has not renewed its lease: it comes again."""
        held = stand.record.state in _HELD
        return LOST if held and now - stand.record.at > self.lease_s else str(stand.record.state)

    def of(self, element: bytes) -> Stand | None:
        """Answer what is known of one element."""
        return self._stands.get(element)

    def those_in(self, *states: str, now: float) -> Iterator[Stand]:
        """Yield what is in these states, the longest first."""
        found = [stand for stand in self._stands.values() if self.state(stand, now) in states]
        yield from sorted(found, key=lambda stand: stand.since)

    def counts(self, now: float) -> tuple[Counter[str], Counter[str]]:
        """Answer how many elements are in each state, and how many of them were tried more than once."""
        all_of_them, again = Counter[str](), Counter[str]()
        for stand in self._stands.values():
            state = self.state(stand, now)
            all_of_them[state] += 1
            again[state] += stand.record.attempt > 1
        return all_of_them, again

    def fields(self, stand: Stand, now: float) -> dict[str, Any]:
        """Answer what is known, as JSON has it: the record's fields, with the state that is derived, and `since`."""
        record = replace(stand.record, progress=None if stand.record.state.final else stand.record.progress)
        said = asdict(record) | {"element": text_of(record.element), "state": self.state(stand, now)}
        return {name: value for name, value in said.items() if value is not None} | {"since": stand.since}
