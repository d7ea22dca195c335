"""How long a WAV file is. RIFF as Microsoft wrote it down, and EBU Tech 3306 (RF64) for those above 4 GB."""

from __future__ import annotations

import struct
from pathlib import Path

_MOST = 256  # chunks before the samples; there are some
_UNSAID = 0xFFFFFFFF


def duration_s(path: Path) -> float | None:
    """Answer the seconds of a WAV or RF64 file, None where its header does not say.

    No more than there are bytes for: who writes into a pipe does not know the length, and says the largest number.
    """
    whole = path.stat().st_size
    per_second = 0
    large: int | None = None
    with path.open("rb") as file:
        at = 12
        for _ in range(_MOST):
            file.seek(at)
            head = file.read(8 + 16)
            if len(head) < 8:
                return None
            name, size = head[:4], int.from_bytes(head[4:8], "little")
            if name == b"ds64" and len(head) == 24:
                large = int.from_bytes(head[16:24], "little")
            elif name == b"fmt " and len(head) == 24:
                (per_second,) = struct.unpack_from("<I", head, 16)
            elif name == b"data":
                said = large if size == _UNSAID and large is not None else size
                return min(said, whole - at - 8) / per_second if per_second else None
            at += 8 + size + size % 2
    return None
