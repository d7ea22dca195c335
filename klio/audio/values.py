"""What passes between the transforms of audio: sound, what is seen in it, and pictures that are still to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import Any, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

Array = NDArray[Any]

RATE = 22_050  # librosa's own, where nobody says another
HOP_LENGTH = 512


@dataclass(frozen=True, eq=False, slots=True)
class Signal:
    """Sound as librosa takes it. `Sound`, with its frames first and always in stereo, is what files hold."""

    samples: Array  # float32, (frames,), or (channels, frames); full scale is ±1
    rate: int = RATE  # frames per second

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[-1] / self.rate)

    def at_rate(self, rate: int, quality: str = "HQ") -> Signal:
        """Answer the same sound at another sample rate, by soxr, in one of its qualities: QQ, LQ, MQ, HQ, VHQ."""
        if rate == self.rate:
            return self
        frames = ceil(self.samples.shape[-1] * (rate / self.rate))  # in floats, so that it is librosa's number
        made = soxr.resample(self.samples.T, self.rate, rate, quality).T[..., :frames]
        missing = frames - made.shape[-1]
        padded = np.pad(made, [(0, 0)] * (made.ndim - 1) + [(0, missing)])
        return Signal(np.ascontiguousarray(padded), rate)


@dataclass(frozen=True, eq=False, slots=True)
class Spectrum:
    """What is heard when: complex amplitudes, decibels, the power of mel bands, or MFCCs."""

    values: Array  # (bins, frames): complex64 from `stft`, float32 else
    rate: int = RATE  # of the sound, frames per second
    hop_length: int = HOP_LENGTH  # frames of the sound from one column to the next
    fmin: float = 0.0  # Hz, of the lowest mel band
    fmax: float | None = None  # Hz, of the highest; None is half the rate


@dataclass(frozen=True, eq=False, slots=True)
class Plot:
    """A picture before it is drawn: `klio.audio.save` draws it, in whatever format its file is to have."""

    kind: Literal["waveform", "spectrum"]
    values: Array  # float32: (frames,) of a waveform, (bins, frames) of a spectrum
    title: str = ""
    unit: str = ""  # "dB" makes the bar of colours one of decibels
    arguments: dict[str, Any] = field(default_factory=dict)  # of librosa.display.waveshow, or specshow
