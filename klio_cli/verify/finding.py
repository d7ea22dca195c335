"""One line of a checklist, and what the whole comes to."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Grade(enum.Enum):
    """How a finding counts."""

    FINE = ("✓", "green")
    WARNING = ("!", "yellow")
    FAULT = ("✗", "red")

    @property
    def mark(self) -> str:
        """The sign in front of the line."""
        return self.value[0]

    @property
    def colour(self) -> str:
        """The colour of the sign."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the checklist: what was found, what to do about it, and, for a fault, the exit status it leads to."""

    grade: Grade
    what: str
    todo: str = ""
    status: int = 1


def summary(found: Sequence[Finding]) -> str:
    """Answer the last line of the checklist."""
    faults = sum(finding.grade is Grade.FAULT for finding in found)
    warnings = sum(finding.grade is Grade.WARNING for finding in found)
    counts = [f"{len(found)} checks", f"{faults} failed"] + ([f"{warnings} to think about"] if warnings else [])
    return ", ".join(counts)


def exit_status(found: Iterable[Finding]) -> int:
    """Answer 0, 1 for a fault, 2 where the job file cannot be used."""
    return max((finding.status for finding in found if finding.grade is Grade.FAULT), default=0)
