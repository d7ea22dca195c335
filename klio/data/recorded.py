"""The checksum that a file on this machine had when it was committed, kept with the file: as an extended attribute."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NAME = "user.klio.crc32c"
# Answers of file systems that keep no such attributes, of a file that has none, and of one that keeps no more.
_NO_RECORD = frozenset({errno.ENOTSUP, errno.ENODATA, errno.EPERM, errno.ENOSPC, errno.E2BIG, errno.ERANGE})
_CAN = hasattr(os, "setxattr")  # Python has them on Linux alone


def record(path: Path, crc32c: str) -> None:
    """Keep a checksum with a file, where its file system can. Raises OSError where the file cannot be reached."""
    if not _CAN:
        return
    try:
        os.setxattr(path, _NAME, crc32c.encode())
    except OSError as error:
        if error.errno not in _NO_RECORD:
            raise


def recorded(path: str) -> str | None:
    """Answer the checksum that is kept with a file; None where there is none. Raises OSError as `record` does."""
    if not _CAN:
        return None
    try:
        return os.getxattr(path, _NAME).decode()
    except OSError as error:
        if error.errno not in _NO_RECORD:
            raise
        return None
