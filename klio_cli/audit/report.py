"""An audit, as people read it and as programs do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from klio_cli import checklist
from klio_core.finding import Check, Finding, Grade

if TYPE_CHECKING:
    from klio_cli.terminal import Terminal


def say(terminal: Terminal, found: Sequence[Finding], checks: Sequence[Check]) -> None:
    """Print the findings, and how many there are."""
    checklist.say(terminal, [_named(one) for one in found])
    terminal.say(("\n" if found else "") + f"{len(checks)} checks, {_counted(found)}")


def say_json(terminal: Terminal, found: Sequence[Finding], checks: Sequence[Check]) -> None:
    """Print the findings and the names of the checks as one object of JSON."""
    findings = [{key: value for key, value in one.as_dict().items() if key != "status"} for one in found]
    counts = {grade.word + "s": checklist.count(found, grade) for grade in (Grade.FAULT, Grade.WARNING)}
    terminal.say(json.dumps({"checks": [check.name for check in checks], "findings": findings, **counts}, indent=2))


def say_checks(terminal: Terminal, checks: Sequence[Check]) -> None:
    """Print what is looked for."""
    terminal.grid(
        ["check", "finds", "of", "looks for"],
        [(check.name, f"{check.grade.word}s", check.source, check.looks_for) for check in checks],
    )


def say_checks_json(terminal: Terminal, checks: Sequence[Check]) -> None:
    """Print what is looked for, and why, as a list of JSON."""
    terminal.say(json.dumps([check.as_dict() for check in checks], indent=2))


def _named(one: Finding) -> Finding:
    """Answer the finding with the name by which it can be turned off."""
    what = f"{one.what} ({one.check})" if one.check else one.what
    return replace(one, what=what)


def _counted(found: Sequence[Finding]) -> str:
    counts = [(checklist.count(found, grade), grade.word) for grade in (Grade.FAULT, Grade.WARNING)]
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return ", ".join(said) or "nothing found"
