"""The table of what `klio job audit` looks for, read off the checks."""

from __future__ import annotations

from docs._ext.markdown import code, table
from klio_cli.audit.audit import checks


def check_table() -> str:
    """Answer all checks: what each finds, why it bites, and what to do. Raises ValueError where one does not say it."""
    if silent := [check.name for check in checks() if not (check.looks_for and check.why and check.mend)]:
        raise ValueError(f"these checks do not say why, or what to do: {', '.join(silent)}")
    rows = [(code(check.name), check.grade.word, check.looks_for, check.why, _shown(check.mend)) for check in checks()]
    return table(("check", "is", "finds", "why it bites", "to do"), rows)


def _shown(text: str) -> str:
    """Keep Markdown from taking the parts of a text for something of its own."""
    return text.replace("*", r"\*").replace("_", r"\_").replace("<", r"\<")
