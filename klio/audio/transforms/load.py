"""The step from a file to sound."""

from __future__ import annotations

import functools
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from klio.audio.loading import load
from klio.audio.payload import decode, encode, is_typed
from klio.audio.transforms.step import AudioStep
from klio.audio.values import RATE
from klio.transforms import decorators
from klio_core.errors import BadPayload, JobCodeError

QUALITIES = {f"soxr_{quality.lower()}": quality for quality in ("VHQ", "HQ", "MQ", "LQ", "QQ")}
# What older librosas had: the quality of soxr that is at least as good.
QUALITIES |= {"kaiser_best": "VHQ", "kaiser_fast": "HQ"}
LONGEST_PATH = 4096


class LoadAudio(AudioStep):
    """A file to sound, as `librosa.load` reads it: mono, 22050 frames per second; `sr=None` keeps the file's own rate.

    The file is what the payload holds (from GcsLoadBinary, or the bytes themselves), or what it names: a path on this
    machine. Without a payload it is the element's file in the data input. `max_duration_s` and `max_decoded_bytes` are
    those of `klio.audio.decode`, whose errors a file that cannot be used raises. Yields a Signal.

    Raises JobCodeError for a `res_type` that soxr does not have.
    """

    def __init__(
        self,
        *,
        sr: int | None = RATE,
        mono: bool = True,
        offset: float = 0.0,
        duration: float | None = None,
        dtype: DTypeLike = np.float32,
        res_type: str = "soxr_hq",
        max_duration_s: float = 1800.0,
        max_decoded_bytes: int = 1 << 30,
    ) -> None:
        self._load = functools.partial(
            load,
            rate=sr,
            mono=mono,
            offset_s=offset,
            length_s=duration,
            dtype=np.dtype(dtype),
            quality=_quality(res_type),
            max_duration_s=max_duration_s,
            max_decoded_bytes=max_decoded_bytes,
        )

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Signal."""
        if not data.payload:
            sound = self._load(self._klio.download(data.element))
        else:
            with _file(data.payload) as path:
                sound = self._load(path)
        yield encode(sound)


@contextmanager
def _file(payload: bytes) -> Iterator[Path]:
    """Answer the file that a payload is or names."""
    value = decode(payload) if is_typed(payload) else _named(payload) or payload
    if isinstance(value, str | Path):
        yield Path(value)
    elif isinstance(value, bytes | io.BytesIO):
        with tempfile.NamedTemporaryFile() as file:
            file.write(value if isinstance(value, bytes) else value.getbuffer())
            file.flush()
            yield Path(file.name)
    else:
        raise BadPayload(
            "the payload is no audio file",
            expected="the file of GcsLoadBinary, its bytes, its path on this machine, or nothing",
            got=type(value).__name__,
        )


def _named(payload: bytes) -> Path | None:
    if len(payload) > LONGEST_PATH or b"\0" in payload:
        return None
    try:
        path = Path(payload.decode())
    except UnicodeDecodeError:
        return None
    return path if path.is_file() else None


def _quality(res_type: str) -> str:
    if res_type not in QUALITIES:
        raise JobCodeError(
            "LoadAudio resamples by soxr", where=f"res_type={res_type!r}", expected=f"one of {', '.join(QUALITIES)}"
        )
    return QUALITIES[res_type]
