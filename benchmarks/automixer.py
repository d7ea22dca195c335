"""How well the automixer mixes: 24 pairs of pieces with known beats, then one pair of three minutes.

Wrong is a tempo (octaves folded), beats that lie more than 10 ms apart on average or 25 ms at worst, a peak above
-1 dBFS, more than 700 MB. CPU time is never judged: it depends on the machine.
"""

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parent.parent / "examples" / "automixer"))

import mixer
import synth
from report import Mix

from benchmarks.table import Row, check

HOME = Path(__file__).parent.parent
TEMPO_TOLERANCE = 0.005
WIDEST_STRETCH = 0.08
MEAN_MS, WORST_MS = 10.0, 25.0
PEAK_DBFS = -1.0
LONG_S, LONG_RSS_MB = 180.0, 700.0
SLOWEST_BPM, FASTEST_BPM = 72.0, 178.0


@dataclass(frozen=True)
class Pair:
    number: int
    bpm: tuple[float, float]
    drums: tuple[bool, bool]

    @property
    def stretch(self) -> float:
        return 2.0 ** abs(_octave_error(self.bpm[0] / self.bpm[1])) - 1

    def pieces(self, duration_s: float) -> list[synth.Piece]:
        return [
            synth.compose(bpm, duration_s, seed=100 * side + self.number, drums=drums)
            for side, (bpm, drums) in enumerate(zip(self.bpm, self.drums, strict=True))
        ]


@dataclass(frozen=True)
class Result:
    pair: Pair
    mix: Mix
    misses_ms: np.ndarray  # how far each beat of the fade lies from its partner in the other track
    peak_dbfs: float  # of the decoded mix
    cpu_s: float
    rss_mb: float

    def problems(self) -> list[str]:
        checks = {
            "tempo": all(self._tempo_is_right(side) for side in (0, 1)),
            "matched": self.mix.beats_matched == (self.pair.stretch <= WIDEST_STRETCH),
            "alignment": not self.mix.beats_matched
            or (self.misses_ms.mean() <= MEAN_MS and self.misses_ms.max() <= WORST_MS),
            "peak": self.peak_dbfs <= PEAK_DBFS,
        }
        return [name for name, holds in checks.items() if not holds]

    def told(self) -> str:
        tempi = ", ".join(
            f"{true:.2f} found as {found or math.nan:.2f}"
            for true, found in zip(self.pair.bpm, self._tempi(), strict=True)
        )
        return f"pair {self.pair.number}: {', '.join(self.problems())} (BPM {tempi}; peak {self.peak_dbfs:.2f} dBFS)"

    def _tempi(self) -> tuple[float | None, float | None]:
        return self.mix.first.tempo_bpm, self.mix.second.tempo_bpm

    def _tempo_is_right(self, side: int) -> bool:
        found = self._tempi()[side]
        return found is not None and abs(_octave_error(found / self.pair.bpm[side])) <= math.log2(1 + TEMPO_TOLERANCE)


def pairs() -> list[Pair]:
    """From 72 to 178 BPM: 20 that match, some an octave apart, and 4 that cannot; 10 lack drums in one track."""
    random = np.random.default_rng(2)
    made = []
    for number, first in enumerate(np.linspace(SLOWEST_BPM, FASTEST_BPM, 24)):
        change = random.uniform(1.12, 1.25) if number % 6 == 5 else random.uniform(1.0, 1.075)
        second = first * (change if random.random() < 0.5 else 1 / change)
        if number % 4 == 2:
            second *= 2 if second < 100 else 0.5
        second *= 2.0 if second < SLOWEST_BPM else 0.5 if second > FASTEST_BPM else 1.0
        drums = (number % 5 != 1, number % 5 != 3)
        made.append(Pair(number + 1, (float(first), float(second)), drums))
    return made


def measure(pair: Pair, directory: Path, duration_s: float = 30.0) -> Result:
    pieces = pair.pieces(duration_s)
    paths = [directory / f"{pair.number}-{side}.wav" for side in (1, 2)]
    for piece, path in zip(pieces, paths, strict=True):
        soundfile.write(path, piece.samples, piece.rate)
    out = directory / f"{pair.number}.ogg"
    started = time.process_time()
    mix = mixer.mix(*paths, out)
    cpu_s = time.process_time() - started
    misses = misses_ms(mix, pieces[0].beats_s, mix.heard_at(pieces[1].beats_s))
    return Result(pair, mix, misses, peak_dbfs(out), cpu_s, _peak_rss_mb())


def misses_ms(mix: Mix, first_beats_s: np.ndarray, second_beats_s: np.ndarray) -> np.ndarray:
    """How far every beat of the sparser track lies from the nearest beat of the other, during the fade."""
    start, end = mix.fade_start_s - 0.03, mix.fade_start_s + mix.fade_s + 0.03
    first, second = (beats[(beats > start) & (beats < end)] for beats in (first_beats_s, second_beats_s))
    sparse, dense = sorted((first, second), key=len)
    return np.abs(sparse[:, None] - dense[None, :]).min(axis=1) * 1000


def peak_dbfs(path: Path) -> float:
    return 20 * math.log10(max(float(np.abs(block).max()) for block in soundfile.blocks(path, 65_536)))


def measure_long(directory: Path) -> dict[str, float]:
    """Two pieces of three minutes, as MP3, mixed twice in a process of their own."""
    paths = [directory / "long-1.mp3", directory / "long-2.mp3"]
    for seed, (bpm, path) in enumerate(zip((120.0, 125.0), paths, strict=True)):
        piece = synth.compose(bpm, LONG_S, seed)
        soundfile.write(path, piece.samples, piece.rate)
    child = [sys.executable, "-m", "benchmarks.automixer", *map(str, paths), str(directory / "long.ogg")]
    return dict(json.loads(subprocess.run(child, check=True, capture_output=True, text=True, cwd=HOME).stdout))


def mix_twice(first: str, second: str, out: str) -> dict[str, float]:
    mixer.mix(Path(first), Path(second), Path(out))
    first_cpu_s = time.process_time()
    mixer.mix(Path(first), Path(second), Path(out))
    return {
        "cpu_with_imports_s": first_cpu_s,
        "cpu_warm_s": time.process_time() - first_cpu_s,
        "rss_mb": _peak_rss_mb(),
        "peak_dbfs": peak_dbfs(Path(out)),
    }


def rows(*, short: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        results = [measure(pair, Path(directory)) for pair in (pairs()[17:19] if short else pairs())]
        found = _of_pairs(results)
        return found if short else found + _of_long(measure_long(Path(directory)))


def _of_pairs(results: list[Result]) -> list[Row]:
    wrong = [result.told() for result in results if result.problems()]
    check(not wrong, "; ".join(wrong))
    misses = [result.misses_ms for result in results if result.mix.beats_matched]
    apart = np.concatenate(misses)
    plain = sum(not result.mix.beats_matched for result in results)
    far = sum(result.pair.stretch > WIDEST_STRETCH for result in results)
    return [
        Row("tempo right, octaves folded", f"{len(results)} pairs", f"{len(results)} pairs"),
        Row("beats apart in the overlap, mean", f"{MEAN_MS:g} ms", f"{apart.mean():.1f} ms"),
        Row("the worst pair's mean", f"{MEAN_MS:g} ms", f"{max(one.mean() for one in misses):.1f} ms"),
        Row("beats apart in the overlap, at worst", f"{WORST_MS:g} ms", f"{apart.max():.1f} ms"),
        Row("tempi too far apart: plain cross-fade", f"{far} pairs", f"{plain} pairs"),
        Row("peak of the mix, at worst", f"{PEAK_DBFS:g} dBFS", f"{max(one.peak_dbfs for one in results):.1f} dBFS"),
    ]


def _of_long(long: dict[str, float]) -> list[Row]:
    check(long["rss_mb"] <= LONG_RSS_MB, f"two tracks of three minutes took {long['rss_mb']:.0f} MB")
    check(long["peak_dbfs"] <= PEAK_DBFS, f"the long mix peaks at {long['peak_dbfs']:.2f} dBFS")
    return [
        Row("two tracks of three minutes, MP3 to OGG", "6 CPU s", f"{long['cpu_warm_s']:.1f} CPU s"),
        Row("the same as a whole process, with its imports", "", f"{long['cpu_with_imports_s']:.1f} CPU s"),
        Row("peak memory of that process", f"{LONG_RSS_MB:g} MB", f"{long['rss_mb']:.0f} MB"),
    ]


def _octave_error(ratio: float) -> float:
    octaves = math.log2(ratio)
    return octaves - round(octaves)


def _peak_rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":  # the child of measure_long
    print(json.dumps(mix_twice(*sys.argv[1:])))
