"""A file that appears whole or not at all."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

PART_PREFIX = ".klio-part-"


_LEFT_AFTER_S = 600.0
"""So long after it was last written to, an unlocked part is taken for one that a dead process has left."""


@contextmanager
def part_beside(target: Path) -> Iterator[Path]:
    """Answer a new, empty file in the target's directory, to be filled and then moved to `target`.

    What lies under that name when the block ends, however it ends, is removed. Only a process that is killed outright
    leaves it behind: a hidden file that no store answers for. It is locked as long as its process lives.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f"{PART_PREFIX}{uuid.uuid4().hex}"
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    try:
        with suppress(OSError):  # a file system without locks; then it is not taken for a left one, either
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield part
    finally:
        part.unlink(missing_ok=True)
        os.close(handle)


@lru_cache(maxsize=4096)
def remove_left_parts(directory: Path) -> None:
    """Remove the parts that processes left in a directory when they were killed. A process looks once in each."""
    with suppress(OSError), os.scandir(directory) as entries:  # what cannot be listed, the commit itself will tell of
        for entry in entries:
            if entry.name.startswith(PART_PREFIX) and time.time() - entry.stat().st_mtime > _LEFT_AFTER_S:
                _remove_unlocked(entry.path)


def _remove_unlocked(path: str) -> None:
    with suppress(OSError), Path(path).open("r+b") as part:  # locked, or somebody else's, or gone meanwhile
        fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(path).unlink()


def sync_directory(directory: Path) -> None:
    """Make a rename within the directory survive a power cut (POSIX: the entry is the directory's data)."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
