"""The status records of a directory as its workers write them: each is read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from klio_cli import records
from klio_core.errors import UndecodableMessage
from klio_core.status import Status


class Tail:
    """Remembers how far each worker's file is read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[Path, int] = {}

    def new(self) -> Iterator[tuple[str, list[Status]]]:
        """Yield, for each worker that has told something since the last time, its name and what it told."""
        for file in records.files(self._directory):
            found = list(self._of(file))
            if found:
                yield file.stem, found

    def _of(self, file: Path) -> Iterator[Status]:
        with file.open("rb") as lines:
            lines.seek(self._read.get(file, 0))
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # it is being written
                self._read[file] = self._read.get(file, 0) + len(line)
                try:
                    yield Status.decode(line)
                except UndecodableMessage:
                    continue  # half a line of a worker that was killed, or a newer version's
