"""MPEG-4 files: whether there is sound in one. ISO/IEC 14496-12, 4.2 and 8.4.3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MOST = 4096  # boxes of one level; a film has a dozen
_PATH = (b"moov", b"trak", b"mdia")


def has_sound(path: Path) -> bool:
    """Whether one of the tracks is of sound."""
    with path.open("rb") as file:
        return any(kind == b"soun" for kind in _handlers(file, 0, path.stat().st_size, 0))


def _handlers(file: BinaryIO, start: int, end: int, depth: int) -> Iterator[bytes]:
    for name, at, behind in _boxes(file, start, end):
        if depth == len(_PATH) and name == b"hdlr":
            file.seek(at + 8)
            yield file.read(4)
        elif depth < len(_PATH) and name == _PATH[depth]:
            yield from _handlers(file, at, behind, depth + 1)


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each box, where its content begins, and where it ends."""
    for _ in range(_MOST):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or at >= end:
            return
        size, skip = int.from_bytes(head[:4]), 8
        if size == 1:
            size, skip = int.from_bytes(head[8:16]), 16
        behind = at + size if size else end
        if behind < at + skip:
            return
        yield head[4:8], at + skip, min(behind, end)
        at = behind
