"""Dead letters as lines of one file, which jobs may be adding to meanwhile."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from klio_cli.dlq.box import Contents, Held, contents
from klio_cli.replace import replace
from klio_core.errors import EventError


class FileBox:
    """A line for each letter. What is no letter, such as half a line, is left as it is."""

    def __init__(self, location: str) -> None:
        self._path = Path(location)

    def read(self) -> Contents:
        """Answer the letters; none where there is no file."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return Contents([])
        except OSError as error:
            raise EventError("dead letters cannot be read", where=str(self._path), got=error.strerror) from error
        return contents((line, f"line {number}", line) for number, line in enumerate(lines, start=1))

    def remove(self, letters: Sequence[Held]) -> None:
        """Put a file without these lines in the old one's place; a job that waits to add one adds it there."""
        gone = {line for held in letters for line in held.records}
        with self._locked():
            left = [
                line for line in self._path.read_bytes().splitlines(keepends=True) if line.rstrip(b"\n") not in gone
            ]
            replace(self._path, b"".join(left))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            file = os.open(self._path, os.O_RDONLY)
        except OSError as error:
            raise EventError("dead letters cannot be removed", where=str(self._path), got=error.strerror) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)
