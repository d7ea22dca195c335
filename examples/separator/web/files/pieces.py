"""Objects read piece by piece, from anywhere in them: none is ever held, or kept on this machine, as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from klio.data.gcs_client import Patience, blob_at
from klio.data.gcs_looks import Looks

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Whole:
    """An object as it lay there at a look. What is read of it later is of the same writing, or an error."""

    path: str
    size: int
    generation: int
    patience: Patience

    @property
    def etag(self) -> str:
        """The same as long as nobody writes the object anew (RFC 9110, 8.8.3)."""
        return f'"{self.generation}"'

    def pieces(self, wanted: range | None = None) -> Iterator[bytes]:
        """Yield its bytes, or a range of them, in order. Raises DataError."""
        wanted = range(self.size) if wanted is None else wanted
        for start in range(wanted.start, wanted.stop, _PIECE):
            yield self._piece(start, min(start + _PIECE, wanted.stop))

    def _piece(self, start: int, stop: int) -> bytes:
        said: dict[str, Any] = {"raw_download": True, "checksum": None, "retry": None, "timeout": self.patience.timeout}

        def fetched() -> bytes:
            blob = blob_at(self.path)
            got: bytes = blob.download_as_bytes(start=start, end=stop - 1, if_generation_match=self.generation, **said)
            return got

        return self.patience.of("storage.objects.get", self.path, fetched)


def whole(path: str, patience: Patience) -> Whole | None:
    """Look at an object, None where there is none. Raises DataError."""
    found = Looks(patience, "name,size,generation").one(path)
    return Whole(path, int(found["size"]), int(found["generation"]), patience) if found else None
