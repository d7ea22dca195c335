"""Fit a comb, equally spaced teeth, to a curve of onsets: its period and its phase.

The curve is folded at a candidate period, as astronomers search pulsars (epoch folding, Leahy et al. 1983):
all beats fall on one spot when the period is right, and smear when it is not.
Periods and phases are in values of the curve.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 60.0, 200.0
USUAL_BPM, USUAL_OCTAVES = 115.0, 0.9  # where the tempo of music lies, as a bell over octaves
METRIC_RATIOS = (1.0, 1 / 2, 2.0, 2 / 3, 3 / 2, 3 / 4, 4 / 3, 1 / 3, 3.0)  # what a period is mistaken for
OFF_BEAT_SHARE = 0.7  # of off-beats in the worth of a comb; at 1, bare beats pass for 3 notes in 2 beats
REFINEMENTS = ((0.02, 81), (0.0006, 25))  # how far to look around a period, and in how many steps
AROUND = 8  # values on either side of a tooth that belong to it: 46 ms at 172 per second


@dataclass(frozen=True)
class Comb:
    """Teeth at phase + k * period."""

    period: float
    phase: float
    contrast: float  # how high the curve is at the teeth, as a multiple of its mean


def fit_comb(onsets: Curve, per_second: float) -> Comb:
    """The comb of the beat: of all metrically related ones, that with the strongest beats and off-beats."""
    minute = 60.0 * per_second
    rough = minute / _rough_tempo_bpm(onsets, minute)
    related = (rough * ratio for ratio in METRIC_RATIOS)
    sensible = [period for period in related if SLOWEST_BPM <= minute / period <= FASTEST_BPM]
    best = max(
        (_best_phase(onsets, _refined(onsets, period)) for period in sensible or [rough]),
        key=lambda comb: (
            (comb.contrast + OFF_BEAT_SHARE * _off_beats(onsets, comb)) * float(_usual(np.array(minute / comb.period)))
        ),
    )
    return _on_the_beat(onsets, best)


def every(times: int, comb: Comb, onsets: Curve) -> Comb:
    """Every second (third, …) tooth of a comb: of the possible ones, those with the strongest onsets."""
    strongest = int(np.argmax(_heights(onsets, comb, times, times)))
    return replace(comb, period=comb.period * times, phase=comb.phase + strongest * comb.period)


def _best_phase(onsets: Curve, period: float) -> Comb:
    """The phase at which a comb of this period meets the strongest onsets."""
    profile = _folded(onsets, period)
    peak = int(np.argmax(profile))
    left, top, right = profile[peak - 1], profile[peak], profile[(peak + 1) % len(profile)]
    lean = 0.5 * (left - right) / min(left - 2 * top + right, -1e-12)  # a parabola through the three
    phase = (peak + lean) % len(profile) * period / len(profile)
    return Comb(period, float(phase), float(top / max(onsets.mean(), 1e-12)))


def _rough_tempo_bpm(onsets: Curve, minute: float) -> float:
    """The tempo whose beat, double beat and bar the curve resembles itself at (autocorrelation)."""
    size = 1 << (2 * len(onsets)).bit_length()
    spectrum = np.fft.rfft(onsets - onsets.mean(), size)
    likeness = np.fft.irfft(np.abs(spectrum) ** 2, size)[: len(onsets)] / np.arange(len(onsets), 0, -1)
    tempi = np.geomspace(SLOWEST_BPM, FASTEST_BPM, 400)
    score = np.zeros(len(tempi))
    for beats, weight in ((1, 1.0), (2, 0.7), (4, 0.5)):
        score += weight * np.interp(beats * minute / tempi, np.arange(len(likeness)), likeness)
    return float(tempi[np.argmax(score * _usual(tempi))])


def _usual(tempi_bpm: Curve) -> Curve:
    return np.asarray(np.exp(-0.5 * (np.log2(tempi_bpm / USUAL_BPM) / USUAL_OCTAVES) ** 2), np.float64)


def _refined(onsets: Curve, period: float) -> float:
    for span, steps in REFINEMENTS:
        candidates = period * (1 + np.linspace(-span, span, steps))
        period = float(max(candidates, key=lambda each: _folded(onsets, each).max()))
    return period


def _on_the_beat(onsets: Curve, comb: Comb) -> Comb:
    """The comb, moved by half a period where the off-beats turn out to be the beats.

    Without drums both are alike, tooth by tooth. The first beat of a bar of four tells: there the chord changes.
    """
    heights = _heights(onsets, comb, 4, 8)
    beats, off_beats = (float(each.mean() + each.max()) for each in (heights[::2], heights[1::2]))
    moved = (comb.phase + comb.period / 2) % comb.period
    return comb if beats >= off_beats else replace(comb, phase=moved)


def _heights(onsets: Curve, comb: Comb, periods: int, teeth: int) -> Curve:
    """What lies around so many teeth, evenly spaced over so many periods; around, for a chord changes less suddenly
    than a drum is hit, but for longer."""
    profile = _folded(onsets, comb.period * periods)
    around = np.sum([np.roll(profile, shift) for shift in range(-AROUND, AROUND + 1)], axis=0)
    places = (np.arange(teeth) / teeth + comb.phase / (comb.period * periods)) * len(profile)
    return np.asarray(np.interp(places, np.arange(len(profile)), around, period=len(profile)), np.float64)


def _off_beats(onsets: Curve, comb: Comb) -> float:
    profile = _folded(onsets, comb.period)
    middle = round((comb.phase / comb.period + 0.5) * len(profile)) % len(profile)
    return float(profile[middle] / max(onsets.mean(), 1e-12))


def _folded(onsets: Curve, period: float) -> Curve:
    """The mean of the curve at every phase; a value between two bins is shared among them."""
    bins = int(period)
    turns = np.arange(len(onsets)) / period
    place = (turns - np.floor(turns)) * bins
    low = place.astype(np.intp)
    share = onsets * (place - low)
    total = np.bincount(low, onsets - share, bins + 1) + np.roll(np.bincount(low, share, bins + 1), 1)
    total[0] += total[bins]
    return np.asarray(total[:bins] * (bins / len(onsets)), np.float64)
