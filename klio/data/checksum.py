"""CRC-32C of files, in the form in which object stores write it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import BinaryIO

import google_crc32c

CHUNK_BYTES = 1 << 20


def crc32c_of(content: bytes) -> str:
    """Answer the checksum of some bytes: CRC-32C (RFC 3720), big-endian, in base64."""
    return _written(google_crc32c.value(content))


def crc32c_of_file(path: Path) -> str:
    """Answer the checksum of a file's bytes, read in pieces."""
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            crc = google_crc32c.extend(crc, piece)
    return _written(crc)


def copy_summed(source: BinaryIO, target: BinaryIO) -> tuple[int, str]:
    """Copy what is left of `source` to `target`; answer how many bytes that was, and their checksum."""
    crc = size = 0
    while piece := source.read(CHUNK_BYTES):
        target.write(piece)
        crc = google_crc32c.extend(crc, piece)
        size += len(piece)
    return size, _written(crc)


def _written(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode()
