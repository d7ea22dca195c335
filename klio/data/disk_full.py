"""A disk that is full: it is nobody's element that is wrong, so nothing becomes a dead letter of it."""

from __future__ import annotations

import errno
import os

from klio_core.errors import DiskFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SAID = tuple(os.strerror(number) for number in sorted(_FULL))


def disk_full(error: BaseException) -> DiskFull | None:
    """Answer the error to raise where a full disk or quota is behind an exception; None where it is not.

    Libraries that are not written in Python tell it in words alone.
    """
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, DiskFull):
            return behind
        if getattr(behind, "errno", None) in _FULL or str(behind).strip(" .\n").endswith(_SAID):
            return _of(behind)
        behind = behind.__cause__
    return None


def _of(error: BaseException) -> DiskFull:
    where = getattr(error, "filename", None)
    full = DiskFull(
        "the disk is full",
        where=None if where is None else os.fsdecode(where) if isinstance(where, str | bytes) else str(where),
        got=f"{type(error).__name__}: {error}",
        todo="free some space, or set TMPDIR to a larger disk; the work is tried again",
    )
    full.__cause__ = error
    return full
