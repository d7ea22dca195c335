"""Temporary directories that do not outlive their process, however that ends.

All of a process lie in one directory that it keeps locked. The system gives the lock back when the process is gone, by
`kill -9` too; whoever needs a temporary directory next finds what was left, and removes it. A lock holds among
containers that share a disk, where the number of a process says nothing.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import threading
from pathlib import Path

_PREFIX = "klio-scratch-"


class _Home:
    """The directory of this process, made when it is first needed."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._path: Path | None = None

    def new(self, prefix: str) -> Path:
        with self._making:
            if self._path is None or not self._path.is_dir():  # a cleaner of temporary files may have taken it
                _remove_left_ones(Path(tempfile.gettempdir()))
                self._path = _locked_home()
            return Path(tempfile.mkdtemp(prefix=prefix, dir=self._path))

    def remove(self) -> None:
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)

    def forget(self) -> None:
        """Begin anew: what there is belongs to the parent, which may have been forked in the middle of `new`."""
        self.__init__()  # type: ignore[misc]  # on an instance


_HOME = _Home()
atexit.register(_HOME.remove)
os.register_at_fork(after_in_child=_HOME.forget)


def scratch_directory(prefix: str) -> Path:
    """Answer a new, empty directory. Who asked for it removes it; at the latest, the end of the process does.

    Raises OSError, as where the disk is full.
    """
    return _HOME.new(prefix)


def _locked_home() -> Path:
    while True:
        home = Path(tempfile.mkdtemp(prefix=_PREFIX))
        _lock(home)  # never given back: the end of the process does that
        if home.exists():  # else another process has found it in the moment before it was locked
            return home


def _remove_left_ones(where: Path) -> None:
    for left in where.glob(f"{_PREFIX}*"):
        try:
            handle = _lock(left)
        except OSError:  # its process is alive, somebody else's, or removes it itself
            continue
        shutil.rmtree(left, ignore_errors=True)
        os.close(handle)


def _lock(directory: Path) -> int:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle
