"""What the status records of a run add up to, as they come. Pure: no files, no clock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from klio_cli.standing import Standing
from klio_core.status import State, Status

MINUTE_S = 60.0
VERDICTS = (State.COMMITTED, State.PASSED_ON, State.DROPPED, State.DEAD_LETTER)
_EXPLAINED = (State.PASSED_ON, State.DROPPED, State.DEAD_LETTER)
_LETTERS = 50


class Board:
    """Counts what was told from `since` on (seconds since the epoch), the time at which the run began."""

    def __init__(self, job: str, lease_s: float, since: float) -> None:
        self.standing = Standing(job, lease_s)
        self.since = since
        self.letters: deque[Status] = deque(maxlen=_LETTERS)
        self.reasons: dict[State, Counter[str]] = {state: Counter() for state in VERDICTS}
        self.done: Counter[str] = Counter()  # by worker
        self._ends: deque[float] = deque()
        self._ended: set[bytes] = set()

    def take(self, worker: str, records: Iterable[Status]) -> None:
        """Take in what one worker told since the last time, in its order."""
        fresh = [record for record in records if record.at >= self.since and record.job == self.standing.job]
        self.standing.take(fresh, worker)
        for record in fresh:
            if not record.state.final:
                self._ended.discard(record.element)
            elif record.element not in self._ended:  # a job of several outputs tells of each
                self._ended.add(record.element)
                self._end(record)

    def rate(self, now: float, within_s: float) -> float:
        """Answer how many elements a second have come to their end, in the last seconds, a minute at most."""
        while self._ends and self._ends[0] < now - MINUTE_S:
            self._ends.popleft()
        span = min(within_s, max(1.0, now - self.since))
        return sum(at >= now - span for at in self._ends) / span

    def _end(self, record: Status) -> None:
        reason = record.note.partition(":")[0] if record.state in _EXPLAINED else ""
        self.reasons[record.state][reason] += 1
        self.done[record.worker] += 1
        self._ends.append(record.at)
        if record.state is State.DEAD_LETTER:
            self.letters.appendleft(record)
