"""A file that appears whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART_PREFIX = ".klio-part-"


@contextmanager
def part_beside(target: Path) -> Iterator[Path]:
    """Answer a fresh name in the target's directory, to be filled and then moved to `target`.

    What lies under that name when the block ends, however it ends, is removed. Only a process that is killed
    outright leaves it behind: a hidden file that no store answers for.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f"{PART_PREFIX}{uuid.uuid4().hex}"
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Make a rename within the directory survive a power cut (POSIX: the entry is the directory's data)."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
