"""What the containers say about their own length, where libsndfile does not ask them.

libsndfile decodes a cut-off file short and without an error; these checks read a few kilobytes and tell.
"""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any, BinaryIO

UNKNOWN_SIZE = (0, 0xFFFFFFFF)  # what programs write into a WAV header when they cannot seek back
LARGEST_OGG_PAGE = 27 + 255 + 255 * 255  # RFC 3533, section 6
OGG_LAST_PAGE = 0x04
_HAS_FOOTER = 0x10


def missing_bytes(path: Path, container: str) -> int | None:
    """Answer how many bytes a file lacks at its end by its own account; 0 when it is whole, None when it cannot say.

    Looks into WAV (RIFF) and OGG (RFC 3533) files; other containers (`container` as libsndfile names it)
    are None. At least 1 for an OGG stream that does not end with its last page.
    """
    with path.open("rb") as file:
        if container in {"WAV", "WAVEX"}:
            return _missing_from_wav(file, path.stat().st_size)
        if container == "OGG":
            return _missing_from_ogg(file, path.stat().st_size)
    return None


def counts_its_frames(path: Path, container: str) -> bool:
    """Answer whether the number of frames that libsndfile reports can be trusted.

    An MP3 says it in a Xing, Info or VBRI frame, which some encoders leave out; then libsndfile guesses from
    the size, up to four times too many. With a variable bit rate its guess can also be too low, and then the end of
    the track is not read; nothing in the file tells.
    """
    if container != "MP3":
        return True
    tag = tag_bytes(path)
    with path.open("rb") as file:
        file.seek(tag)
        start = file.read(2048)
    return any(tag in start for tag in (b"Xing", b"Info", b"VBRI"))


def _missing_from_wav(file: BinaryIO, size: int) -> int | None:
    file.seek(12)
    while len(header := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", header)
        if name == b"data":
            return None if length in UNKNOWN_SIZE else max(0, file.tell() + length - size)
        file.seek(length + length % 2, 1)
    return None


def _missing_from_ogg(file: BinaryIO, size: int) -> int:
    file.seek(max(0, size - LARGEST_OGG_PAGE))
    end = file.read()
    page = end[max(0, end.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return 1
    whole = 27 + page[26] + sum(page[27 : 27 + page[26]])
    return max(whole - len(page), 0 if page[5] & OGG_LAST_PAGE else 1)


def tag_bytes(path: Path) -> int:
    """Answer the size of the ID3 tag (ID3v2.4, section 3.1) that a file begins with; 0 where there is none."""
    with path.open("rb") as file:
        header = file.read(10)
    if len(header) < 10 or header[:3] != b"ID3":
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True))
    return 10 + size + (10 if header[5] & _HAS_FOOTER else 0)


class WithoutTag(io.RawIOBase):
    """A file, as if it began behind its tag."""

    def __init__(self, file: BinaryIO, begin: int) -> None:
        self._file = file
        self._begin = begin
        self.seek(0)

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def seekable(self) -> bool:
        """Whether it can be seeked: it can."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer with what comes next."""
        return self._file.readinto(buffer)  # type: ignore[attr-defined,no-any-return]  # every file has it

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place, and answer which it is."""
        at = self._file.seek(offset + self._begin if whence == os.SEEK_SET else offset, whence)
        return at - self._begin

    def tell(self) -> int:
        """Answer the place."""
        return self._file.tell() - self._begin
