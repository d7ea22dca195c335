"""WebM and Matroska files: whether there is sound in one, and how long it is. RFC 8794 (EBML), RFC 9559 (Matroska)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_SEGMENT, _INFO, _TRACKS, _TRACK, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0x1F43B675
_TYPE, _SCALE, _DURATION = 0x83, 0x2AD7B1, 0x4489
_HOLDING = {0: {_SEGMENT}, 1: {_INFO, _TRACKS}, 2: {_TRACK}}  # by depth
_SOUND = 2
_MOST = 4096  # elements before the first cluster; there are some dozens
_NANO = 1e-9


@dataclass(slots=True)
class Look:
    """What was found before the music: whether a track is of sound, and the duration where that is said."""

    sound: bool = False
    scale: int = 1_000_000
    ticks: float = 0.0
    _left: int = field(default=_MOST, repr=False)

    @property
    def duration_s(self) -> float | None:
        """Seconds; None where it is not said, as in what a browser records."""
        return self.ticks * self.scale * _NANO or None

    def take(self, name: int, value: bytes) -> None:
        """Note one element."""
        if name == _TYPE:
            self.sound = self.sound or int.from_bytes(value) == _SOUND
        elif name == _SCALE:
            self.scale = int.from_bytes(value)
        elif len(value) in {4, 8}:
            (self.ticks,) = struct.unpack(">f" if len(value) == 4 else ">d", value)

    def walk(self, file: BinaryIO, at: int, end: int, depth: int = 0) -> bool:
        """Note all elements up to the first cluster; False once it is reached, or too many have been."""
        for name, start, behind in _elements(file, at, end):
            self._left -= 1
            if name == _CLUSTER or self._left < 0:
                return False
            if name in _HOLDING.get(depth, ()):
                if not self.walk(file, start, behind, depth + 1):
                    return False
            elif name in {_TYPE, _SCALE, _DURATION}:
                file.seek(start)
                self.take(name, file.read(min(8, behind - start)))
        return True


def look(path: Path) -> Look:
    """Look at what a file says before its music."""
    found = Look()
    with path.open("rb") as file:
        found.walk(file, 0, path.stat().st_size)
    return found


def _elements(file: BinaryIO, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the identifier of each element, where its content begins, and where it ends."""
    while at < end:
        file.seek(at)
        head = file.read(12)
        if not head or not head[0] or len(head) < 2:
            return
        length = _length(head[0])
        name = int.from_bytes(head[:length])
        sized = head[length:]
        if not sized or not sized[0]:
            return
        width = _length(sized[0])
        unknown = (1 << 7 * width) - 1
        size = int.from_bytes(sized[:width]) & unknown
        start = at + length + width
        behind = end if size == unknown else min(end, start + size)
        yield name, start, behind
        at = behind


def _length(first: int) -> int:
    """Answer how many bytes a number has whose first byte this is."""
    return 9 - first.bit_length()
