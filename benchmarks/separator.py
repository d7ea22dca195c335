"""The separator's model against `python -m demucs.separate`: the whole htdemucs with random weights, 30 s of noise.

Both are whole processes as a user starts them, with their imports and without a setting in the environment, on the same
file with the same options, in turns; both write four WAV files of 32-bit floats. Wrong is a stem that is further than
1e-5 from Demucs' own, or, with the attention in bf16, less than 60 dB above the difference. It takes PyTorch and Demucs
(`make test-separator` installs them) and some minutes, so only `make bench` measures it.

`python -m benchmarks.separator SECONDS` measures another length once: four minutes of music take ten.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from benchmarks.table import Row, check

_JOB = Path(__file__).parents[1] / "examples" / "separator" / "separate"
_SECONDS, _RATE = 30, 44_100
_REPEATS = 3
_OPEN_MP = ("OMP_WAIT_POLICY", "OMP_NUM_THREADS", "GOMP_SPINCOUNT")
_NEAR, _BF16_DB = 1e-5, -60.0
_MAKE = """
import sys
from pathlib import Path
from small_model import WHOLE, htdemucs, save

save(htdemucs(**WHOLE), Path(sys.argv[1]), "whole")
"""
_OURS = """
import sys
import soundfile
from separation import Separation
from settings import Settings

song, _ = soundfile.read("song.wav", dtype="float32")
settings = {"shifts": sys.argv[2], "precision": sys.argv[3], "overlap": sys.argv[4]}
stems = Separation(Settings(model="whole", repo="repo", device="cpu", **settings))(song)
for name, samples in stems.items():
    soundfile.write(f"{sys.argv[1]}-{name}.wav", samples, 44_100, subtype="FLOAT")
"""


@dataclass(frozen=True)
class Spent:
    """What one process took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def rows(*, short: bool) -> list[Row]:
    """Measure where PyTorch is installed; else say so."""
    if short or importlib.util.find_spec("demucs") is None:
        return [Row("separator", "", "not measured: `make bench` after `make test-separator` does")]
    return measured(_SECONDS, _REPEATS)


def measured(seconds: int, repeats: int) -> list[Row]:
    """Separate so many seconds of noise in each way, in turns, and compare."""
    with TemporaryDirectory(prefix="klio-bench-") as directory:
        home = Path(directory)
        _run(home, ["-c", _MAKE, "repo"])
        noise = np.random.default_rng(0).standard_normal((seconds * _RATE, 2)) * 0.1
        soundfile.write(home / "song.wav", noise.astype(np.float32), _RATE, subtype="FLOAT")
        spent = _in_turns(home, repeats)
        return _compared(spent, apart=_apart(home, "ours"), bf16_db=_below_db(home, "bf16"))


def _in_turns(home: Path, repeats: int) -> dict[str, list[Spent]]:
    asked = {
        "demucs": _demucs("0"),
        "ours": _ours("ours"),
        "bf16": _ours("bf16", precision="bf16"),
        "demucs, passive": _demucs("0"),
        "both": _ours("both", precision="bf16", overlap="0.1"),
        "demucs, one shift": _demucs("1"),
        "one shift": _ours("one", shifts="1"),
    }
    spent: dict[str, list[Spent]] = {name: [] for name in asked}
    for _ in range(repeats):
        for name, arguments in asked.items():
            more = {"OMP_WAIT_POLICY": "passive"} if name.endswith("passive") else {}
            spent[name].append(_run(home, arguments, **more))
    return spent


def _compared(spent: Mapping[str, Sequence[Spent]], *, apart: float, bf16_db: float) -> list[Row]:
    check(apart <= _NEAR, f"a stem is {apart:.1e} from Demucs' own")
    check(bf16_db <= _BF16_DB, f"the stems in bf16 differ by {bf16_db:.0f} dB")
    peak = {name: max(one.peak_mb for one in runs) for name, runs in spent.items()}
    return [
        Row("no shifts", "1.5 x", *_quicker(spent, "ours", "demucs")),
        Row("the same, Demucs with threads that sleep", "", *_quicker(spent, "ours", "demucs, passive")),
        Row("attention in bf16", "2 x", *_quicker(spent, "bf16", "demucs")),
        Row("the same, Demucs with threads that sleep", "", *_quicker(spent, "bf16", "demucs, passive")),
        Row("bf16 and an overlap of 0.1", "", *_quicker(spent, "both", "demucs")),
        Row("one shift: Demucs' default", "", *_quicker(spent, "one shift", "demucs, one shift")),
        Row("the largest difference to Demucs' stems", f"{_NEAR:.0e}", f"{apart:.0e}", f"bf16 {-bf16_db:.0f} dB below"),
        Row("peak memory", "1.1 x", f"{peak['ours'] / peak['demucs']:.2f} x", f"Demucs {peak['demucs']:.0f} MB"),
    ]


def _demucs(shifts: str) -> list[str]:
    chosen = ["-n", "whole", "--repo", "repo", "--shifts", shifts, "--float32"]
    return ["-m", "demucs.separate", *chosen, "-o", f"theirs-{shifts}", "song.wav"]


def _ours(name: str, *, shifts: str = "0", precision: str = "float32", overlap: str = "0.25") -> list[str]:
    return ["-c", _OURS, name, shifts, precision, overlap]


def _quicker(spent: Mapping[str, Sequence[Spent]], ours: str, theirs: str) -> tuple[str, str]:
    """Answer how much quicker by CPU time, and by the clock: medians of the ratios of neighbours in time."""
    pairs = list(zip(spent[ours], spent[theirs], strict=True))
    cpu = median(their.cpu_s / our.cpu_s for our, their in pairs)
    wall = median(their.wall_s / our.wall_s for our, their in pairs)
    cpu_s, their_cpu_s = (median(one.cpu_s for one in spent[name]) for name in (ours, theirs))
    return f"{cpu:.2f} x: {cpu_s:.1f} CPU s", f"Demucs {their_cpu_s:.1f} CPU s; by the clock {wall:.2f} x"


def _run(home: Path, arguments: Sequence[str], **more: str) -> Spent:
    """Run Python with the job's directory on its path, and nothing said of its threads."""
    environment = {name: value for name, value in os.environ.items() if name not in _OPEN_MP}
    command = [sys.executable, *arguments]
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=home,
        env={**environment, "PYTHONPATH": str(_JOB), **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0, f"{' '.join(arguments)[:60]} ended with {process.returncode}")
    return Spent(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024)


def _pairs(home: Path, ours: str) -> list[tuple[np.ndarray, np.ndarray]]:
    theirs = sorted((home / "theirs-0" / "whole" / "song").glob("*.wav"))
    check(len(theirs) == 4, f"Demucs made {len(theirs)} stems")
    return [(_read(path), _read(home / f"{ours}-{path.name}")) for path in theirs]


def _read(path: Path) -> np.ndarray:
    samples: np.ndarray = soundfile.read(path, dtype="float32")[0]
    return samples


def _apart(home: Path, ours: str) -> float:
    return max(float(np.abs(one - other).max()) for one, other in _pairs(home, ours))


def _below_db(home: Path, ours: str) -> float:
    """Answer how far below its stem the largest difference is, in dB of their powers."""
    return max(
        float(10 * np.log10(np.square(one - other).mean() / np.square(one).mean())) for one, other in _pairs(home, ours)
    )


if __name__ == "__main__":
    for row in measured(int(sys.argv[1]), 1):
        print(row)
