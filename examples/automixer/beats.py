"""Find the beat: a grid with a period and a phase, for music with a steady tempo.

librosa's onset strength says where notes and drums begin. Its own beat tracker quantises the tempo (120 becomes 117.5
beats per minute) and misses beats by 45 to 214 ms; a comb fitted to the onset strength (comb.py) misses them by a few.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import soxr
from comb import Comb, Curve, every, fit_comb
from numpy.typing import NDArray

from klio.audio.library import librosa

RATE = 22_050  # frames per second of the analysis
HOP = 128  # frames between two values of the onset strength: 5.8 ms
WINDOW = 1024
PER_SECOND = RATE / HOP
MEL_BANDS, LOW_BANDS = 64, 5  # the low ones, below 370 Hz, hold kick and bass: they tell beats from off-beats
LATENCY_S = 0.012  # by which librosa's onset strength is late for a click: half a window less its rise
LEAST_SECONDS = 6.0
LEAST_CONTRAST = 3.5  # of onsets on the grid to the mean: noise reaches 2.9, music without drums begins at 9


@dataclass(frozen=True)
class BeatGrid:
    """Beats at phase_s + k * period_s, in seconds from the start of the track."""

    period_s: float
    phase_s: float

    @property
    def tempo_bpm(self) -> float:
        """Beats per minute."""
        return 60.0 / self.period_s

    def between(self, start_s: float, end_s: float) -> NDArray[np.float64]:
        """All beats from start_s to before end_s, in seconds."""
        return np.arange(self.first_from(start_s), end_s, self.period_s)

    def first_from(self, time_s: float) -> float:
        """The first beat at or after a time, in seconds."""
        return self.phase_s + math.ceil((time_s - self.phase_s) / self.period_s - 1e-9) * self.period_s

    def last_until(self, time_s: float) -> float:
        """The last beat at or before a time, in seconds."""
        return self.phase_s + math.floor((time_s - self.phase_s) / self.period_s + 1e-9) * self.period_s


@dataclass(frozen=True)
class Pulse:
    """The onset strength of an excerpt and the comb that fits it."""

    onsets: Curve  # PER_SECOND values per second, without its slow changes
    comb: Comb
    start_s: float  # where the excerpt begins in the track

    @property
    def grid(self) -> BeatGrid:
        """Its beats, in the time of the track."""
        start_s = self.start_s + self.comb.phase / PER_SECOND - LATENCY_S
        return BeatGrid(self.comb.period / PER_SECOND, start_s)

    def slowed(self, times: int) -> BeatGrid:
        """Every second (fourth, …) beat: of the possible ones, those with the strongest onsets."""
        return replace(self, comb=every(times, self.comb, self.onsets)).grid


def find_pulse(samples: NDArray[np.float32], rate: int, start_s: float = 0.0) -> Pulse | None:
    """The beat grid of an excerpt (frames, 2) that begins `start_s` seconds into its track.

    Returns: None when there is no steady beat to find: silence, noise, speech, less than 4 s.
    """
    if len(samples) < LEAST_SECONDS * rate:
        return None
    onsets = onset_strength(samples, rate)
    comb = fit_comb(onsets, PER_SECOND)
    return Pulse(onsets, comb, start_s) if comb.contrast >= LEAST_CONTRAST else None


def onset_strength(samples: NDArray[np.float32], rate: int) -> Curve:
    """librosa's onset strength (spectral flux in dB), of the low bands and of the others in equal shares,
    PER_SECOND values per second, with its slow changes taken out."""
    mono = soxr.resample(0.5 * (samples[:, 0] + samples[:, 1]), rate, RATE, quality="LQ")
    low, high = librosa().onset.onset_strength_multi(
        y=mono, sr=RATE, hop_length=HOP, n_fft=WINDOW, n_mels=MEL_BANDS, channels=[0, LOW_BANDS, MEL_BANDS]
    )
    return _flattened(low) + _flattened(high)


def _flattened(strength: Curve) -> Curve:
    second = round(PER_SECOND)
    around = np.convolve(strength, np.ones(second) / second, "same")
    bell = np.hanning(7) / np.hanning(7).sum()
    onsets = np.convolve(np.maximum(strength - around, 0.0), bell, "same")
    return onsets / max(float(onsets.mean()), 1e-9)
