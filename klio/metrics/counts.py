"""What klio itself counts: one namespace, a few names, so that a run can say what became of each message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from apache_beam.metrics import Metrics

from klio.metrics.registry import Timer
from klio_core.decision import Verdict

NAMESPACE = "klio"
READ = "read"
SECONDS = "work-ns"
FILTERED = "filtered"
DROPPED_BY_RUN = "dropped by run()"
DEAD_LETTER = "dead-letter/"
"""The reason of a dead letter follows."""
WORK = Timer(NAMESPACE, SECONDS)
"""How long the author's code worked on each element."""


def count(name: str, number: int = 1) -> None:
    """Add to one of klio's counters."""
    _counter(name).inc(number)


def count_verdict(verdict: Verdict) -> None:
    """Count what a gate said: `verdict/process/`, `verdict/drop/input missing`."""
    count_verdicts([verdict])


def count_verdicts(verdicts: Iterable[Verdict]) -> None:
    """Count what a gate said of many messages: one update for each verdict that there is."""
    for verdict, number in Counter(verdicts).items():
        count(f"verdict/{verdict.action}/{verdict.reason}", number)


def count_dead_letter(reason: str) -> None:
    """Count a dead letter under its reason."""
    count(f"{DEAD_LETTER}{reason}")


@cache
def _counter(name: str) -> Any:
    return Metrics.counter(NAMESPACE, name)
