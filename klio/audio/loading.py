"""Read an audio file as librosa does, mono and at one rate, with the care of `decode`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from klio.audio.decoding import decode
from klio.audio.values import Signal


def load(
    path: Path,
    *,
    rate: int | None = None,
    mono: bool = True,
    offset_s: float = 0.0,
    length_s: float | None = None,
    dtype: DTypeLike = np.float32,
    quality: str = "HQ",
    max_duration_s: float = 1800.0,
    max_decoded_bytes: int = 1 << 30,
) -> Signal:
    """Read a WAV, FLAC, MP3 or OGG Vorbis file, at `rate` frames per second or its own.

    Answers samples of shape (frames,), the mean of both channels, or with `mono=False` of shape (2, frames). They are
    those of `librosa.load` with the same rate. `quality` is soxr's: QQ, LQ, MQ, HQ, VHQ. Raises what `decode` raises.
    """
    sound = decode(
        path,
        offset_s=offset_s,
        length_s=length_s,
        max_duration_s=max_duration_s,
        max_decoded_bytes=max_decoded_bytes,
    )
    samples = sound.samples.mean(axis=1) if mono else np.ascontiguousarray(sound.samples.T)
    return Signal(samples.astype(dtype, copy=False), sound.rate).at_rate(rate or sound.rate, quality)
