"""One thing that is known of a job without running it for real: the line of a checklist."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


class Grade(enum.Enum):
    """How a finding counts."""

    FINE = ("✓", "green", "fine")
    WARNING = ("!", "yellow", "warning")
    FAULT = ("✗", "red", "error")

    @property
    def mark(self) -> str:
        """The sign in front of the line."""
        return self.value[0]

    @property
    def colour(self) -> str:
        """The colour of the sign."""
        return self.value[1]

    @property
    def word(self) -> str:
        """What it is called in a table, and in JSON."""
        return self.value[2]

    @classmethod
    def called(cls, word: str) -> Grade:
        """Answer the grade of that word. Raises KeyError where there is none."""
        return {grade.word: grade for grade in cls}[word]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, what to do about it, and, for a fault, the exit status it leads to.

    Where it is known: the `file`, relative to the job's directory, and its `line`, from 1; `why` it matters; and the
    `check` that found it.
    """

    grade: Grade
    what: str
    todo: str = ""
    status: int = 1
    why: str = ""
    file: str = ""
    line: int = 0
    check: str = ""

    @property
    def place(self) -> str:
        """The place as an editor takes it, `transforms.py:12`; empty where there is none."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        head = f"{self.place}: {self.what}" if self.place else self.what
        said = [("why", self.why), ("to do", self.todo)]
        return "\n".join([head, *(f"    {name}: {text}" for name, text in said if text)])

    def as_dict(self) -> dict[str, Any]:
        """Answer plain data, which `of` reads back."""
        return {**asdict(self), "grade": self.grade.word}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Finding:
        """Make a finding of plain data."""
        return cls(**{**said, "grade": Grade.called(said["grade"])})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that an audit looks for; `job_config.audit.skip` names it, `source` is the package it came with."""

    name: str
    grade: Grade
    looks_for: str
    why: str = ""
    mend: str = ""
    source: str = "klio"

    def found(self, what: str, file: str = "", line: int = 0, mend: str = "") -> Finding:
        """Answer a finding of this check; `mend` where it is not the usual one."""
        return Finding(self.grade, what, mend or self.mend, why=self.why, file=file, line=line, check=self.name)

    def as_dict(self) -> dict[str, str]:
        """Answer plain data, which `of` reads back."""
        return {**asdict(self), "grade": self.grade.word}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Check:
        """Make a check of plain data."""
        return cls(**{**said, "grade": Grade.called(said["grade"])})


def exit_status(found: Iterable[Finding]) -> int:
    """Answer 0, 1 for a fault, 2 where the job file cannot be used."""
    return max((finding.status for finding in found if finding.grade is Grade.FAULT), default=0)
