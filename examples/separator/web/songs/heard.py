"""What the records told of one song in one job: deliveries to workers, of which the one counts that began last."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from klio_core.status import State, Status

_HELD = (State.LEASED, State.WORKING)
_WORKERS = 8  # that had one song at a time; more are forgotten, the oldest first
_ENOUGH_S, _ENOUGH = 0.5, 0.02  # of the work must be seen before its pace is one


@dataclass(frozen=True, slots=True)
class Delivery:
    """One worker's way with one song. All times are of the clock of whoever listens, in seconds since the epoch.

    It began at `began` and was heard of at `heard`; `seen` says when the first progress was heard, and how far it was.
    `whole` is whether it was heard from its beginning.
    """

    record: Status
    began: float
    heard: float
    seen: tuple[float, float] | None = None
    whole: bool = False

    @classmethod
    def of(cls, record: Status, now: float) -> Delivery:
        """Answer the delivery that a record is the first one of."""
        return cls(record, now, now, _seen(record, now), record.state in (State.LEASED, State.QUEUED))

    def next(self, record: Status, now: float) -> Delivery:
        """Answer what the same worker's next record makes of it."""
        if self._anew(record):
            return Delivery.of(record, now)
        if self.record.state.final:
            return self  # a repetition that was on its way when the work ended
        progress = max((one for one in (self.record.progress, record.progress) if one is not None), default=None)
        record = replace(record, progress=progress)
        return replace(self, record=record, heard=now, seen=self.seen or _seen(record, now))

    @property
    def held(self) -> bool:
        """Whether the worker has not said that it is done with the song."""
        return self.record.state in _HELD

    @property
    def seconds_left(self) -> float | None:
        """How long it takes from the newest record on, at the pace so far; None while there is none."""
        if self.seen is None or self.record.progress is None:
            return None
        (since, first), progress = self.seen, self.record.progress
        spent, done = self.heard - since, progress - first
        if spent < _ENOUGH_S or done < _ENOUGH:
            return None
        return round(spent / done * (1 - progress), 1)

    def _anew(self, record: Status) -> bool:
        """Whether the worker has begun anew with the song; a lease that is renewed is told again."""
        leased_anew = record.state is State.LEASED and self.record.state is not State.LEASED
        return leased_anew or record.state is State.QUEUED or record.attempt != self.record.attempt


@dataclass
class Heard:
    """All deliveries of one song in one job, whose workers say something every `lease_s` at least."""

    lease_s: float
    _by_worker: dict[str, Delivery] = field(default_factory=dict)

    def take(self, record: Status, now: float) -> None:
        """Take in one record."""
        known = self._by_worker.get(record.worker)
        self._by_worker[record.worker] = known.next(record, now) if known else Delivery.of(record, now)
        if len(self._by_worker) > _WORKERS:
            del self._by_worker[min(self._by_worker, key=lambda worker: self._by_worker[worker].began)]

    @property
    def held(self) -> bool:
        """Whether a worker has not said that it is done with the song, be it another one that counts."""
        return any(one.held for one in self._by_worker.values())

    def newest(self, now: float) -> Delivery | None:
        """Answer the delivery that counts: the one that began last, whatever another worker says afterwards.

        One that is being worked on comes before any that is not: a record of a front that asked may come late.
        """
        return max(self._by_worker.values(), key=lambda one: (self._alive(one, now), one.began), default=None)

    def lost(self, delivery: Delivery, now: float) -> bool:
        """Whether its worker should have said something by now."""
        return delivery.held and now - delivery.heard > self.lease_s

    def _alive(self, delivery: Delivery, now: float) -> bool:
        return delivery.held and not self.lost(delivery, now)


def _seen(record: Status, now: float) -> tuple[float, float] | None:
    return (now, record.progress) if record.progress is not None else None
