"""What every place that runs jobs can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from klio_cli.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Ran:
    """A job that runs or ran somewhere. `since` is when it came into its state: ISO 8601, or what the place says."""

    name: str
    state: str
    since: str
    kind: str
    id: str


class Line(NamedTuple):
    """A line of a log. Lines sort by their time, ISO 8601 in UTC; `id` is one line's own."""

    time: str
    id: str
    severity: str
    source: str
    text: str


class Log(Protocol):
    """The log of one job; whoever follows it asks again after `pause_s` seconds."""

    pause_s: float

    def ended(self) -> bool:
        """Whether the job has ended, so that nothing more is said."""

    def lines(self, since: str, severity: str) -> Iterator[Line]:
        """Yield what was said from `since` on (all, if empty), of this severity or worse, in any order."""


class Place(Protocol):
    """A place that runs jobs, and the name of the job there that a command is about."""

    def jobs(self, *, everything: bool) -> Iterator[Ran]:
        """Yield the jobs that run, with `everything` those too that have ended, the newest first."""

    def none(self) -> str:
        """Answer what is said where no job runs."""

    def stop(self, terminal: Terminal, *, drain: bool) -> None:
        """End the job, and wait until it has ended; with `drain` it finishes what it has read.

        Raises CloudError or EngineError where that takes ten minutes.
        """

    def log(self) -> Log:
        """Answer the log of the job that runs, else of the one that ran last. Raises UsageError where there is none."""


def when(time: str) -> str:
    """Answer a time, ISO 8601, as people of this place read it; what is none comes back as it is."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return time
