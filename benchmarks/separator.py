"""The separator's model against `python -m demucs.separate`: the whole htdemucs with random weights, 30 s of noise.

Both are whole processes, with their imports, on the same file with the same options. Wrong is a stem that is further
than 1e-5 from Demucs' own, or, with the attention in bf16, less than 60 dB above the difference. It takes PyTorch and
Demucs (`make test-separator` installs them) and some minutes, so only `make bench` measures it.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from benchmarks.table import Row, check

_JOB = Path(__file__).parents[1] / "examples" / "separator" / "separate"
_SECONDS, _RATE = 30, 44_100
_REPEATS = 3
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
stems = Separation(Settings(model="whole", repo="repo", device="cpu", shifts=sys.argv[2], precision=sys.argv[3]))(song)
for name, samples in stems.items():
    soundfile.write(f"{sys.argv[1]}-{name}.wav", samples, 44_100, subtype="FLOAT")
"""


@dataclass(frozen=True)
class Spent:
    """What one process took."""

    cpu_s: float
    peak_mb: float


def rows(*, short: bool) -> list[Row]:
    """Measure where PyTorch is installed; else say so."""
    if short or importlib.util.find_spec("demucs") is None:
        return [Row("separator", "", "not measured: `make bench` after `make test-separator` does")]
    with TemporaryDirectory(prefix="klio-bench-") as directory:
        home = Path(directory)
        _run(home, ["-c", _MAKE, "repo"])
        noise = np.random.default_rng(0).standard_normal((_SECONDS * _RATE, 2)) * 0.1
        soundfile.write(home / "song.wav", noise.astype(np.float32), _RATE, subtype="FLOAT")
        return _measured(home)


def _measured(home: Path) -> list[Row]:
    asked = {
        "demucs": _demucs("0"),
        "ours": ["-c", _OURS, "ours", "0", "float32"],
        "bf16": ["-c", _OURS, "bf16", "0", "bf16"],
        "demucs as it is": _demucs("1"),
        "ours as that": ["-c", _OURS, "one", "1", "float32"],
    }
    spent = {name: [_run(home, arguments) for _ in range(_REPEATS)] for name, arguments in asked.items()}
    cpu = {name: min(one.cpu_s for one in runs) for name, runs in spent.items()}
    peak = {name: max(one.peak_mb for one in runs) for name, runs in spent.items()}
    apart, bf16_db = _apart(home, "ours"), _below_db(home, "bf16")
    check(apart <= _NEAR, f"a stem is {apart:.1e} from Demucs' own")
    check(bf16_db <= _BF16_DB, f"the stems in bf16 differ by {bf16_db:.0f} dB")
    return [
        Row("30 s, no shifts", "1.5 x", _quicker(cpu, "ours", "demucs"), f"Demucs {cpu['demucs']:.1f} CPU s"),
        Row("the same, attention in bf16", "2 x", _quicker(cpu, "bf16", "demucs"), f"{-bf16_db:.0f} dB below"),
        Row("30 s, one shift: Demucs' default", "", _quicker(cpu, "ours as that", "demucs as it is")),
        Row("the largest difference to Demucs' stems", f"{_NEAR:.0e}", f"{apart:.0e}"),
        Row("peak memory", "1.1 x", f"{peak['ours'] / peak['demucs']:.2f} x", f"Demucs {peak['demucs']:.0f} MB"),
    ]


def _demucs(shifts: str) -> list[str]:
    chosen = ["-n", "whole", "--repo", "repo", "--shifts", shifts, "--float32"]
    return ["-m", "demucs.separate", *chosen, "-o", f"theirs-{shifts}", "song.wav"]


def _quicker(cpu: dict[str, float], ours: str, theirs: str) -> str:
    return f"{cpu[theirs] / cpu[ours]:.2f} x: {cpu[ours]:.1f} CPU s"


def _run(home: Path, arguments: Sequence[str]) -> Spent:
    """Run Python with the job's directory on its path."""
    environment = {**os.environ, "PYTHONPATH": str(_JOB), "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0, f"{' '.join(arguments)[:60]} ended with {process.returncode}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


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
