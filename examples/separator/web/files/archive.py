"""Several objects as one ZIP archive, made while it is sent: stored, not compressed, for music does not get smaller."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator, Mapping

from web.files.pieces import Whole


class _Sink:
    """What has been written, and not yet been sent. It cannot be seeked, so nothing that was sent is changed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def close(self) -> None:
        """Nothing is held open."""


def archive(files: Mapping[str, Whole], at: float) -> Iterator[bytes]:
    """Yield an archive of objects, by the names that they have in it; all of them of the time `at`.

    A piece of an object is all that is held of it. Raises DataError in the middle: then the archive ends torn.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as written:
        for name, found in files.items():
            entry = zipfile.ZipInfo(name, time.localtime(at)[:6])
            entry.file_size = found.size
            with written.open(entry, "w") as target:
                for piece in found.pieces():
                    target.write(piece)
                    yield sink.taken()
    yield sink.taken()
