"""Findings about a job as lines of a checklist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from klio_core.finding import Finding, Grade

if TYPE_CHECKING:
    from klio_cli.terminal import Terminal


def say(terminal: Terminal, found: Sequence[Finding]) -> None:
    """Print each finding, with why it matters and what to do about it."""
    for one in found:
        terminal.say(f"{terminal.styled(one.grade.mark, one.grade.colour)} {one}")


def summary(found: Sequence[Finding]) -> str:
    """Answer the last line of a checklist, where each line is a check."""
    faults = count(found, Grade.FAULT)
    warnings = count(found, Grade.WARNING)
    counts = [f"{len(found)} checks", f"{faults} failed"] + ([f"{warnings} to think about"] if warnings else [])
    return ", ".join(counts)


def count(found: Sequence[Finding], grade: Grade) -> int:
    """Answer how many findings are of that grade."""
    return sum(finding.grade is grade for finding in found)
