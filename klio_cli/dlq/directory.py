"""Dead letters as files of a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from klio_cli.dlq.box import Contents, Held, contents
from klio_core.errors import EventError

_TAKEN = ".taken"


@dataclass(frozen=True, slots=True)
class _Record:
    path: Path
    raw: bytes


class DirectoryBox:
    """A file for each letter."""

    def __init__(self, location: str) -> None:
        self._directory = Path(location)

    def read(self) -> Contents:
        """Answer the letters; those that a remove left behind which was killed are among them."""
        with _speaking_about(self._directory):
            return contents(self._records())

    def remove(self, letters: Sequence[Held]) -> None:
        """Remove the files, unless they hold another record than the one that was read."""
        for record in (record for held in letters for record in held.records):
            with _speaking_about(record.path), suppress(FileNotFoundError):
                _remove(record)

    def _records(self) -> Iterator[tuple[_Record, str, bytes]]:
        if not self._directory.is_dir():
            return
        for path in sorted(self._directory.iterdir()):
            if path.name.startswith(".") or not path.is_file():
                continue
            raw = path.read_bytes()
            yield _Record(path, raw), path.name, raw


def _remove(record: _Record) -> None:
    """Take the file away first, then look: a job may write the letter again at any moment."""
    taken = record.path
    if not record.path.name.endswith(_TAKEN):
        taken = record.path.with_name(record.path.name + _TAKEN)
        record.path.replace(taken)
    if taken.read_bytes() != record.raw:
        with suppress(FileExistsError):  # an even newer one is there
            os.link(taken, record.path)
    taken.unlink()


@contextmanager
def _speaking_about(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise EventError("dead letters cannot be read or removed", where=str(path), got=error.strerror) from error
