"""What is not to be told: `job_config.audit.skip`, and `# klio: audit-off NAME REASON` where it would be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from klio_core.config.suggest import did_you_mean
from klio_core.finding import Finding, Grade

_COMMENT = re.compile(r"#\s*klio:\s*audit-off\s+(?P<name>[\w-]+)[\s:,-]+(?P<reason>\w.*)")


def told(found: Iterable[Finding], root: Path) -> list[Finding]:
    """Answer the findings that no comment turns off, each once."""
    lines = cache(lambda file: _lines(root / file))
    return list(dict.fromkeys(one for one in found if not _is_turned_off(one, lines(one.file))))


def unknown(skipped: Sequence[str], known: Sequence[str]) -> Iterator[Finding]:
    """Yield a warning for each skipped name that is no check."""
    for name in skipped:
        if name not in known:
            todo = did_you_mean(name, known) or "`klio job audit --list` names them"
            yield Finding(Grade.WARNING, f"job_config.audit.skip: there is no check {name}", todo)


def _is_turned_off(one: Finding, lines: Sequence[str]) -> bool:
    """Whether its line says so, or a comment on the line before."""
    here = lines[one.line - 1 : one.line]
    before = [line for line in lines[max(0, one.line - 2) : one.line - 1] if line.lstrip().startswith("#")]
    return any(found["name"] == one.check for line in (*here, *before) if (found := _COMMENT.search(line)))


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.is_file() else []
