"""Points at the author's line: of a long traceback through frameworks, the one line that its reader wrote."""

from __future__ import annotations

import inspect
import linecache
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from klio_core.errors import JobCodeError, KlioError

_BEAMS_WORDS = re.compile(r" \[while running '.*?'\]")
_DEFINITION = re.compile(r"\s*(async\s+def|def|class)\b|.*\blambda\b")
_REQUIREMENTS = "job-requirements.txt"
_UNREAD = "Python cannot read this line, or what is left open before it"


class Place(NamedTuple):
    """A line of the author's, as an error shows it: where it is, and below, what it says."""

    file: str
    line: int

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.line).strip()
        return f"{self.file}:{self.line}" + (f"\n      {text}" if text else "")


def at_author(error: Exception, what: str, job_dir: Path, todo: str | None = None) -> JobCodeError:
    """Answer the JobCodeError that names the innermost line of the job's own directory."""
    root = job_dir.resolve()
    unread = _written_wrong(error, root)
    got = without_beam(error.msg if isinstance(error, SyntaxError) else str(error))
    return JobCodeError(
        what,
        where=str(unread or _innermost(error, root) or job_dir),
        got=f"{type(error).__name__}: {got}",
        todo=_UNREAD if unread else _mend(error, root) or todo,
    )


def definition_of(func: Callable[..., Any]) -> Place:
    """Answer the line on which a function begins, below its decorators."""
    bare = inspect.unwrap(func)
    file = inspect.getsourcefile(bare) or bare.__code__.co_filename
    lines, first = inspect.getsourcelines(bare)
    return Place(file, next((first + at for at, line in enumerate(lines) if _DEFINITION.match(line)), first))


def is_authors(file: str, root: Path) -> bool:
    """Whether a file is the author's, who works in `root`, and not installed in a virtual environment below it."""
    path = Path(file)
    return path.is_relative_to(root) and "site-packages" not in path.parts


def without_frameworks(error: BaseException, root: Path) -> None:
    """Leave the author's frames alone in the traceback of an error, and of those that it came of, if there are any."""
    for link in _links(error):
        trace, kept = link.__traceback__, list[TracebackType]()
        while trace is not None:
            if is_authors(trace.tb_frame.f_code.co_filename, root):
                kept.append(trace)
            trace = trace.tb_next
        if kept:
            link.__traceback__ = _chained(kept)


def as_raised(error: KlioError) -> KlioError:
    """Answer the error as it was raised inside a graph: Beam raises another of its kind, with the first line alone."""
    original = error.__context__
    if getattr(error, "_tagged_with_step", False) and isinstance(original, KlioError):
        return original
    return error


def without_beam(text: str) -> str:
    """Take off what Beam adds to the text of an exception."""
    return _BEAMS_WORDS.sub("", text)


def _mend(error: Exception, root: Path) -> str | None:
    match error:
        case ModuleNotFoundError(name=str() as module):
            return _install(module, root)
        case ImportError(name=str() as module):
            return f"see how {module} calls it, and that its version here is that of {_REQUIREMENTS}"
    return None


def _install(module: str, root: Path) -> str:
    listed = root / _REQUIREMENTS
    if listed.is_file() and re.search(rf"^{re.escape(module)}\b", listed.read_text(), re.MULTILINE):
        return f"pip install -r {_REQUIREMENTS}"
    return f"install it ({module}), and add it to {_REQUIREMENTS}"


def _written_wrong(error: Exception, root: Path) -> Place | None:
    """Answer the line that is no Python; a SyntaxError of something else that the code reads was raised by a line."""
    if isinstance(error, SyntaxError) and error.filename and is_authors(error.filename, root):
        return Place(error.filename, error.lineno or 1)
    return None


def _innermost(error: Exception, root: Path) -> Place | None:
    frames = reversed(traceback.extract_tb(error.__traceback__))
    frame = next((frame for frame in frames if is_authors(frame.filename, root)), None)
    return Place(frame.filename, frame.lineno or 1) if frame else None


def _links(error: BaseException) -> list[BaseException]:
    """Answer the error and those that it came of, each once: `raise error from error` is a circle."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and all(link is not one for one in links):
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _chained(entries: list[TracebackType]) -> TracebackType | None:
    after: TracebackType | None = None
    for one in reversed(entries):
        after = TracebackType(after, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return after
