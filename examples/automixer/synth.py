"""Short pieces of music with drums, bass and chords at a known tempo, made on the spot: the demo plays them,
the tests and the benchmark know where every beat is."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from encode import write_blocks
from numpy.typing import NDArray

Audio = NDArray[np.float32]

RATE = 44_100
PROGRESSIONS = (  # four chords of a minor key each, as semitones above its tonic, bass note first
    ((0, 3, 7), (8, 12, 15), (3, 7, 10), (10, 14, 17)),
    ((0, 3, 10), (5, 8, 12), (8, 12, 15), (7, 10, 14)),
    ((0, 7, 15), (3, 10, 19), (10, 14, 17), (5, 12, 15)),
    ((8, 12, 15), (10, 14, 17), (0, 3, 7), (0, 3, 10)),
)
BASS_LINES = ((0.0, 1.5, 2.5), (0.0, 0.75, 2.0, 2.75), (0.0, 1.0, 2.0, 3.0), (0.0, 2.0, 3.5))  # beats of a bar
DEMO_TEMPI_BPM = (120.0, 124.0, 116.0, 122.0, 126.0, 118.0)


@dataclass(frozen=True)
class Piece:
    """A piece of music and the truth about it."""

    samples: Audio  # (frames, 2), peak below 1
    rate: int  # frames per second
    tempo_bpm: float
    beats_s: NDArray[np.float64]  # the time of every beat, in seconds from the start


def compose(tempo_bpm: float, duration_s: float, seed: int, *, drums: bool = True, rate: int = RATE) -> Piece:
    """Make a piece; the same arguments make the same samples.

    The seed chooses key, chords, bass line, melody, level and the time before the first beat.
    """
    random = np.random.default_rng(seed)
    beat_s = 60.0 / tempo_bpm
    beats_s = np.arange(random.uniform(0.05, 0.6), duration_s - 0.01, beat_s)
    desk = _Desk(round(duration_s * rate), rate)
    _play_harmony(desk, beats_s, beat_s, random)
    if drums:
        _play_drums(desk, beats_s, beat_s)
    return Piece(desk.mixdown(10 ** (random.uniform(-9.0, -2.0) / 20)), rate, tempo_bpm, beats_s)


def write_pieces(directory: Path, count: int = 3, duration_s: float = 40.0) -> list[Path]:
    """Write `count` pieces for the demo as piece-1.ogg, piece-2.ogg, …; all may be mixed with each other."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"piece-{number}.ogg" for number in range(1, count + 1)]
    for seed, path in enumerate(paths):
        piece = compose(DEMO_TEMPI_BPM[seed % len(DEMO_TEMPI_BPM)], duration_s, seed)
        with soundfile.SoundFile(path, "w", piece.rate, 2, format="OGG", subtype="VORBIS") as file:
            write_blocks(file, piece.samples)
    return paths


class _Desk:
    """A mixing desk: sounds are laid on it at a time, with a level and a place between left and right."""

    def __init__(self, frames: int, rate: int) -> None:
        self.rate = rate
        self._dry = np.zeros((2, frames), np.float32)
        self._echoed = np.zeros((2, frames), np.float32)

    def add(self, sound: Audio, at_s: float, level: float, pan: float = 0.5, *, echo: bool = False) -> None:
        bus = self._echoed if echo else self._dry
        start = round(at_s * self.rate)
        sound = sound[: max(0, bus.shape[1] - start)]
        bus[0, start : start + len(sound)] += sound * np.float32(level * np.cos(pan * np.pi / 2))
        bus[1, start : start + len(sound)] += sound * np.float32(level * np.sin(pan * np.pi / 2))

    def mixdown(self, peak: float) -> Audio:
        mixed = self._dry + self._echoed
        for delay_s, level in ((0.27, 0.30), (0.41, 0.22), (0.67, 0.12)):
            delay = round(delay_s * self.rate)
            mixed[:, delay:] += np.float32(level) * self._echoed[::-1, : max(0, mixed.shape[1] - delay)]
        np.tanh(mixed, out=mixed)
        mixed *= np.float32(peak / max(1e-9, float(np.abs(mixed).max())))
        return np.ascontiguousarray(mixed.T)


def _play_harmony(desk: _Desk, beats_s: NDArray[np.float64], beat_s: float, random: np.random.Generator) -> None:
    key = int(random.integers(-5, 6))
    chords = PROGRESSIONS[random.integers(len(PROGRESSIONS))]
    bass_line = BASS_LINES[random.integers(len(BASS_LINES))]
    melody = random.integers(0, 3, 16)
    rests = random.random(16) < 0.3
    for bar, bar_s in enumerate(beats_s[::4]):
        chord = chords[bar % 4]
        for voice, tone in enumerate(chord):
            desk.add(_pad(key + tone, 4 * beat_s, desk.rate), bar_s, 0.10, 0.2 + 0.3 * voice, echo=True)
        for beat in bass_line:
            desk.add(_bass(key + chord[0], 0.7 * beat_s, desk.rate), bar_s + beat * beat_s, 0.42)
        for step in np.flatnonzero(~rests[(bar % 2) * 8 :][:8]):
            tone = chord[melody[(step + 8 * bar) % 16]] + 12
            desk.add(_pluck(key + tone, desk.rate), bar_s + step * beat_s / 2, 0.14, 0.3 + 0.05 * step, echo=True)


def _play_drums(desk: _Desk, beats_s: NDArray[np.float64], beat_s: float) -> None:
    for beat, at_s in enumerate(beats_s):
        desk.add(_kick(desk.rate), at_s, 0.85 if beat % 2 == 0 else 0.6)
        desk.add(_hat(desk.rate), at_s + beat_s / 2, 0.22, 0.62)
        if beat % 2:
            desk.add(_snare(desk.rate), at_s, 0.42, 0.47)
        if beat % 4 == 3:
            desk.add(_hat(desk.rate), at_s + beat_s * 0.75, 0.12, 0.38)


def _time(duration_s: float, rate: int) -> NDArray[np.float64]:
    return np.arange(round(duration_s * rate)) / rate


def _hertz(tone: int, octave_of_a: float) -> float:
    return float(octave_of_a * 2 ** (tone / 12))


@lru_cache(maxsize=64)
def _kick(rate: int) -> Audio:
    t = _time(0.3, rate)
    sweep = 2 * np.pi * np.cumsum(48 + 140 * np.exp(-t * 38)) / rate
    return (np.sin(sweep) * np.exp(-t / 0.09) * np.minimum(t / 0.001, 1)).astype(np.float32)


@lru_cache(maxsize=64)
def _snare(rate: int) -> Audio:
    t = _time(0.2, rate)
    noise = np.random.default_rng(1).standard_normal(len(t)) * 0.4
    return ((noise + 0.5 * np.sin(2 * np.pi * 188 * t)) * np.exp(-t / 0.05)).astype(np.float32)


@lru_cache(maxsize=64)
def _hat(rate: int) -> Audio:
    t = _time(0.06, rate)
    noise = np.diff(np.random.default_rng(2).standard_normal(len(t)), prepend=0.0)
    return (0.6 * noise * np.exp(-t / 0.014)).astype(np.float32)


@lru_cache(maxsize=64)
def _bass(tone: int, duration_s: float, rate: int) -> Audio:
    t = _time(duration_s, rate)
    wave = sum(np.sin(2 * np.pi * _hertz(tone, 55) * k * t) / k**1.6 for k in range(1, 6))
    shape = np.minimum(t / 0.006, 1) * np.exp(-t / 0.5) * np.minimum((duration_s - t) / 0.03, 1)
    return np.asarray(wave * shape, np.float32)


@lru_cache(maxsize=64)
def _pad(tone: int, duration_s: float, rate: int) -> Audio:
    t = _time(duration_s, rate)
    wave = sum(
        np.sin(2 * np.pi * _hertz(tone, 220) * k * detune * t + k) / k**1.7
        for k in range(1, 5)
        for detune in (0.998, 1.002)
    )
    return np.asarray(wave * np.minimum(t / 0.03, 1) * np.minimum((duration_s - t) / 0.1, 1), np.float32)


@lru_cache(maxsize=64)
def _pluck(tone: int, rate: int) -> Audio:
    t = _time(0.5, rate)
    wave = sum(np.sin(2 * np.pi * _hertz(tone, 440) * k * t) * np.exp(-t * (5 + 4 * k)) / k for k in range(1, 5))
    return np.asarray(wave * np.minimum(t / 0.003, 1), np.float32)


if __name__ == "__main__":
    print(*write_pieces(Path("tracks")), sep="\n")
