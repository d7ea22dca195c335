"""A disk that is full: it is nobody's element that is wrong, so nothing becomes a dead letter of it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile

from klio_core.errors import DiskFull, KlioError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_ROOM_BYTES = 1 << 20


def disk_full(error: BaseException, no_room_bytes: int = NO_ROOM_BYTES) -> DiskFull | None:
    """Answer the error to raise where a full disk or quota is behind an exception; None where it is not.

    libsndfile, for one, does not say why it cannot write, and neither do most programs that code may start. So any
    exception that is not klio's own counts as one while no more than `no_room_bytes` are left for temporary files.
    """
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, DiskFull):
            return behind
        if getattr(behind, "errno", None) in _FULL:
            return _of(behind)
        behind = behind.__cause__
    return None if isinstance(error, KlioError) or _free_bytes() > no_room_bytes else _of(error)


def _free_bytes() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free


def _of(error: BaseException) -> DiskFull:
    where = getattr(error, "filename", None)
    full = DiskFull(
        "the disk is full",
        where=os.fsdecode(where) if isinstance(where, str | bytes | os.PathLike) else tempfile.gettempdir(),
        got=f"{type(error).__name__}: {error}",
        todo="free some space, or set TMPDIR to a larger disk; the work is tried again",
    )
    full.__cause__ = error
    return full
