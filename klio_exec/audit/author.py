"""Who of the job is behind what Python is doing: looked up on the stack, while it is being done."""

from __future__ import annotations

import inspect
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import FrameType

from klio_core.errors import KlioError
from klio_core.job_files import is_of_tests

_STDLIB = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_HERE = str(Path(__file__).parent)
_INSTALLED = ("site-packages", "dist-packages")
# What runs once in each worker may leave something behind that lasts as long as the worker.
_ONCE = {"setup", "teardown", "<module>"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the job's own code, and the function around it; `by` are the modules of Python's own in between."""

    file: str
    line: int
    function: str
    by: frozenset[str]


class Author:
    """The one who wrote the job in the directory `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def behind(self) -> Line | None:
        """Answer the line of the job that is doing what is done now, by itself or by Python's own library.

        None where another library does it, a test, or code that runs once in each worker.
        """
        found: Line | None = None
        by = set[str]()
        for frame in _callers():
            file = frame.f_code.co_filename
            own = self._own(file)
            if own is None and _is_pythons(file):
                by.add(frame.f_globals.get("__name__", ""))
            elif own is None and found is None:
                return None
            elif own is not None and is_of_tests(own):
                return found
            elif own is not None and _is_once(frame):
                return None
            elif own is not None:
                found = found or Line(str(own), frame.f_lineno, frame.f_code.co_qualname, frozenset(by))
        return found

    def innermost(self, places: Iterable[tuple[str, int]]) -> tuple[str, int]:
        """Answer the last of these lines of files that is the job's, relative to it; ("", 0) where none is."""
        own = [(str(file), line) for name, line in places if (file := self._own(name))]
        return own[-1] if own else ("", 0)

    def named_by(self, error: KlioError) -> tuple[str, int]:
        """Answer the job's line that an error names as its place."""
        file, _, line = (error.where or "").partition("\n")[0].rpartition(":")
        return self.innermost([(file, int(line))] if line.isdigit() else [])

    def _own(self, file: str) -> PurePath | None:
        path = PurePath(file)
        if not path.is_relative_to(self._root) or _is_installed(path):
            return None
        return path.relative_to(self._root)


def _callers() -> Iterator[FrameType]:
    """Yield the frames that have led here, the innermost first, without those of this room."""
    frame = inspect.currentframe()
    while frame := frame and frame.f_back:
        if not frame.f_code.co_filename.startswith(_HERE):
            yield frame


def _is_pythons(file: str) -> bool:
    return file.startswith(("<frozen", *_STDLIB)) and not _is_installed(PurePath(file))


def _is_installed(path: PurePath) -> bool:
    return any(part in _INSTALLED for part in path.parts)


def _is_once(frame: FrameType) -> bool:
    if frame.f_code.co_name != "__init__":
        return frame.f_code.co_name in _ONCE
    beam = sys.modules.get("apache_beam")  # where it is not imported, nothing is a DoFn
    return beam is not None and isinstance(frame.f_locals.get("self"), beam.DoFn)
