"""What an object store says of an object's bytes: how many, and their checksums."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Digests:
    """Size in bytes; CRC-32C (RFC 3720, big-endian) and MD5 (RFC 1321), both in base64."""

    size: int
    crc32c: str
    md5: str


def digests_of(path: Path) -> Digests:
    """Answer the digests of a file, which is read once, in pieces."""
    size, crc, md5 = 0, 0, hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            size += len(piece)
            crc = google_crc32c.extend(crc, piece)
            md5.update(piece)
    return Digests(size, _written(crc.to_bytes(4, "big")), _written(md5.digest()))


def _written(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
