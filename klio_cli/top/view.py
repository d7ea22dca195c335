"""All that one picture shows, as one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from klio_cli.standing import Stand
from klio_cli.top.processes import Load
from klio_core.status import State, Status


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works on the job: what it takes, where that is known, and how many elements it has ended."""

    name: str
    load: Load | None
    done: int


@dataclass(frozen=True, slots=True)
class View:
    """A job at the time `now` (seconds since the epoch). Rates are elements per second.

    `state` says whether a run goes on, since `since`, or how the last one ended. `waiting` is what the subscriptions
    hold for it, None where that is not known. `hint` is what is to be done where nothing is to be seen.
    """

    job: str
    state: str
    kind: str
    since: float
    now: float
    lately: float
    last_minute: float
    in_work: Sequence[tuple[Stand, str]]
    waiting: int | None
    verdicts: Mapping[State, Counter[str]]
    tried_again: int
    workers: Sequence[Worker]
    letters: Sequence[Status]
    hint: str = ""

    @property
    def left_s(self) -> float | None:
        """How long the rest takes at the rate of the last minute, None where nobody knows."""
        if not self.waiting or not self.last_minute:
            return None
        return (self.waiting + len(self.in_work)) / self.last_minute
