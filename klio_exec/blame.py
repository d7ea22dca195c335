"""Points at the author's line: of a long traceback through frameworks, the one line that its reader wrote."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from klio_core.errors import JobCodeError, KlioError

_BEAMS_WORDS = re.compile(r" \[while running '.*?'\]")


def at_author(error: Exception, what: str, job_dir: Path, todo: str | None = None) -> JobCodeError:
    """Answer the JobCodeError that names the innermost line of the job's own directory."""
    place, line = _syntax(error) if isinstance(error, SyntaxError) else _innermost(error, job_dir.resolve())
    if isinstance(error, ModuleNotFoundError):
        todo = f"install it ({error.name}), and add it to job-requirements.txt"
    got = f"{type(error).__name__}: {without_beam(str(error))}"
    return JobCodeError(what, where=place or str(job_dir), got=got + (f"\n    {line}" if line else ""), todo=todo)


def as_raised(error: KlioError) -> KlioError:
    """Answer the error as it was raised inside a graph: Beam raises another of its kind, with the first line alone."""
    original = error.__context__
    if getattr(error, "_tagged_with_step", False) and isinstance(original, KlioError):
        return original
    return error


def without_beam(text: str) -> str:
    """Take off what Beam adds to the text of an exception."""
    return _BEAMS_WORDS.sub("", text)


def _syntax(error: SyntaxError) -> tuple[str, str]:
    return f"{error.filename}:{error.lineno}", (error.text or "").strip()


def _innermost(error: Exception, root: Path) -> tuple[str, str]:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        # A virtual environment may lie in the job's directory; what is installed there is not the author's.
        if path.is_relative_to(root) and "site-packages" not in path.parts:
            return f"{frame.filename}:{frame.lineno}", frame.line or ""
    return "", ""
