"""Uploads on their way, in files of this machine: so many bytes of all together, and none of them for long."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from klio.data.disk_full import disk_full
from klio.data.scratch import scratch_directory
from web.problems import Problem


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that has arrived whole. `hash` is its SHA-256, in hexadecimal digits."""

    path: Path
    size: int
    hash: str


class Room:
    """The room for uploads. What is left in it by a process that was killed, the next one removes."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._used = most_bytes, 0
        self.files = self.bytes = 0
        """How many have arrived whole since this front began, and how many bytes have come."""
        self._lock = threading.Lock()
        self._directory: Path | None = None

    @contextlib.contextmanager
    def file(self) -> Iterator[Incoming]:
        """Answer a new file, which is gone when the block ends."""
        incoming = Incoming(self, self._home() / uuid.uuid4().hex)
        try:
            yield incoming
        finally:
            incoming.remove()

    @property
    def used_bytes(self) -> int:
        """How much is on its way."""
        return self._used

    def close(self) -> None:
        """Remove everything."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def take(self, size: int) -> None:
        """Take so many bytes. Raises Problem where others have them."""
        with self._lock:
            if self._used + size > self._most:
                raise _no_room(self._used, self._most)
            self._used += size
            self.bytes += size

    def count_file(self) -> None:
        """Count one more file."""
        with self._lock:
            self.files += 1

    def give_back(self, size: int) -> None:
        """Give so many bytes back."""
        with self._lock:
            self._used -= size

    def _home(self) -> Path:
        with self._lock:
            if (
                self._directory is None or not self._directory.is_dir()
            ):  # a cleaner of temporary files may have been here
                self._directory = scratch_directory("uploads-")
            return self._directory


class Incoming:
    """A file that is being written, and hashed on the way."""

    def __init__(self, room: Room, path: Path) -> None:
        self._room, self._path = room, path
        self._hash = hashlib.sha256()
        self._size = 0
        self._file = path.open("wb", buffering=0)

    @property
    def size(self) -> int:
        """How many bytes have been written."""
        return self._size

    def write(self, data: bytes | bytearray) -> None:
        """Add some bytes. Raises Problem where there is no room for them."""
        self._room.take(len(data))
        self._size += len(data)
        self._hash.update(data)
        try:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            if disk_full(error) is None:
                raise
            raise _disk_full() from error

    def arrived(self) -> Arrived:
        """Answer the file as it is now: nothing more is written."""
        self._file.close()
        self._room.count_file()
        return Arrived(self._path, self._size, self._hash.hexdigest())

    def remove(self) -> None:
        """Remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)
        self._room.give_back(self._size)


def _no_room(used: int, most: int) -> Problem:
    return Problem(
        503,
        "no-room",
        "Too much is being uploaded at this moment",
        detail=f"{used // 1_000_000} of {most // 1_000_000} MB for uploads on their way are taken.",
        todo="Try again in some seconds.",
        headers={"Retry-After": "5"},
    )


def _disk_full() -> Problem:
    return Problem(
        507,
        "disk-full",
        "This service has no room left for uploads",
        detail="The disk for uploads on their way is full.",
        todo="Try again later. Whoever runs this has to make room, or set TMPDIR to a larger disk.",
        headers={"Retry-After": "60"},
    )
