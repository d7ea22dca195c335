"""What became of the messages of a run, in the words that people read when it ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from klio.metrics.counts import DEAD_LETTER, DROPPED_BY_RUN, FILTERED, READ
from klio_core.decision import Action, told
from klio_core.errors import LostLease
from klio_exec.runners.tally import Tally

_VERDICT = "verdict/"
_FILTERED = "filtered by the job's code"
# Of these, a gate has said before that they are to be processed.
_IN_THE_WORK = (LostLease.reason, _FILTERED, DROPPED_BY_RUN)


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of one run; `seconds` is how long it took, `each` and `slowest` what the author's code took (s)."""

    job: str
    seconds: float
    read: int
    processed: int
    passed_on: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    triggered: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    deaths: int = 0
    each: float = 0.0
    slowest: float = 0.0

    @classmethod
    def of(cls, job: str, tally: Tally, seconds: float) -> Summary:
        """Read the counters of a run."""
        verdicts = {action: _by_reason(tally, f"{_VERDICT}{action}/") for action in Action}
        dead = _by_reason(tally, DEAD_LETTER)
        dropped = verdicts[Action.DROP]
        if tally.counts[FILTERED]:
            dropped[_FILTERED] = tally.counts[FILTERED]
        in_the_work = dead.total() - verdicts[Action.DEAD_LETTER].total()
        came_to_nothing = sum(dropped[reason] for reason in _IN_THE_WORK)
        return cls(
            job=job,
            seconds=seconds,
            read=tally.counts[READ],
            processed=max(0, verdicts[Action.PROCESS].total() - in_the_work - came_to_nothing),
            passed_on=verdicts[Action.PASS_ON],
            dropped=+dropped,
            triggered=verdicts[Action.TRIGGER].total(),
            dead=dead,
            retried=tally.counts["retried"],
            deaths=tally.counts["deaths"],
            each=tally.work_ns / tally.worked / 1e9 if tally.worked else 0.0,
            slowest=tally.slowest_ns / 1e9,
        )

    def text(self, dead_letters: str) -> str:
        """Answer the lines to print; `dead_letters` is where those are kept."""
        pace = f"{self.each:.3g} s each, slowest {self.slowest:.3g} s" if self.processed else ""
        lines = [
            f"{self.job}: {self.seconds:.1f} s",
            _line("read", self.read),
            _line("processed", self.processed, pace),
            _line("passed on", self.passed_on.total(), told(self.passed_on)),
            _line("dropped", self.dropped.total(), told(self.dropped)),
            _line("dead letters", self.dead.total(), told(self.dead) + (f" → {dead_letters}" if self.dead else "")),
        ]
        if self.triggered:
            lines.insert(4, _line("triggered", self.triggered))
        if self.retried:
            lines.append(_line("retried", self.retried))
        if self.deaths:
            lines.append(_line("workers died", self.deaths))
        return "\n".join(lines)


def _by_reason(tally: Tally, prefix: str) -> Counter[str]:
    found = {name.removeprefix(prefix): number for name, number in tally.counts.items() if name.startswith(prefix)}
    return Counter({reason: number for reason, number in found.items() if number})


def _line(name: str, number: int, more: str = "") -> str:
    return f"  {name:<13}{number:>7}   {more}".rstrip()
