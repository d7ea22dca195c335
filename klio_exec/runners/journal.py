"""What one worker is at, in a file that outlives it: when it is killed, those who come after it know whom to suspect.

The file is locked for as long as the worker lives, however it dies; no process number can lie about that. It survives
the worker, not the machine, so nothing waits for a disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("klio.run")
SUFFIX = ".begun"
_NO, _YES = b"-", b"+"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a dead worker had in the graph together: the keys of its messages, and which of them were `begun`.

    The others had not yet reached the author's code.
    """

    keys: tuple[str, ...]
    begun: frozenset[str]


class Journal:
    """Written by one worker: which messages are in the graph now, and which of them the author's code has begun."""

    def __init__(self, directory: Path, worker: str) -> None:
        """Raises OSError where the directory cannot be written to."""
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / f"{worker}{SUFFIX}"
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        # A lock of this process, which its children do not inherit: none of them can keep it alive.
        fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._marks_at = 0

    def begin(self, keys: Sequence[str]) -> None:
        """Note that these are in the graph from now on."""
        head = b"%d\n" % len(keys)
        self._marks_at = len(head)
        self._write(head + _NO * len(keys) + b"\n" + "\n".join(keys).encode() + b"\n", 0)

    def mark(self, number: int) -> None:
        """Note that the author's code has begun to work on the message of this number in the batch."""
        self._write(_YES, self._marks_at + number)

    def end(self) -> None:
        """Note that nothing is in the graph."""
        self._write(b"0\n", 0)

    def discard(self) -> None:
        """Leave nothing behind: this worker ends in good order. The file itself goes with the process.

        A thread that is still at work may go on to write to it, so it is not closed.
        """
        self._path.unlink(missing_ok=True)

    def _write(self, content: bytes, at: int) -> None:
        try:
            os.pwrite(self._fd, content, at)
        except OSError as error:
            log.warning("what is worked on cannot be noted in %s (%s); the work goes on", self._path, error)


@contextmanager
def abandoned(path: Path) -> Iterator[Batch | None]:
    """Answer what a dead worker's journal says, and remove it at the end of the block.

    None where its owner lives, where another process has taken it in hand, and where nothing was in the graph.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield _read(fd)
        os.ftruncate(fd, 0)  # for whoever has opened it, too, and waits for the lock
        path.unlink(missing_ok=True)
    except BlockingIOError:
        yield None
    finally:
        os.close(fd)


def _read(fd: int) -> Batch | None:
    content = os.pread(fd, os.fstat(fd).st_size, 0)
    number, _, rest = content.partition(b"\n")
    count = int(number) if number.isdigit() else 0
    marks, _, names = rest.partition(b"\n")
    keys = tuple(name.decode() for name in names.split(b"\n")[:count])
    begun = frozenset(key for key, mark in zip(keys, marks.decode(), strict=False) if mark == _YES.decode())
    return Batch(keys, begun) if keys else None
