"""The table of what `klio job audit` looks for, read off the checks."""

from __future__ import annotations

from docs._ext.markdown import code, table
from klio_cli.audit.checks import ALL as OF_FILES
from klio_core.finding import Check
from klio_exec.audit import session
from klio_exec.audit.checks import ALL as OF_TESTS


def checks() -> list[Check]:
    """Answer all checks that are klio's own, whatever plugins are installed here."""
    of_tests = [session.TESTS_FAIL, session.NO_TESTS, session.GRAPH_FAILS, *(one.check for one in OF_TESTS)]
    return [*(one.CHECK for one in OF_FILES), *of_tests]


def check_table() -> str:
    """Answer all checks: what each finds, why it bites, and what to do. Raises ValueError where one does not say it."""
    if silent := [check.name for check in checks() if not (check.looks_for and check.why and check.mend)]:
        raise ValueError(f"these checks do not say why, or what to do: {', '.join(silent)}")
    rows = [(code(one.name), one.grade.word, one.looks_for, one.why, _shown(one.mend)) for one in checks()]
    return table(("check", "is an", "finds", "why it bites", "to do"), rows)


def _shown(text: str) -> str:
    """Keep Markdown from taking parts of a text for its own marks."""
    return text.replace("_", r"\_").replace("*", r"\*").replace("<", r"\<")
