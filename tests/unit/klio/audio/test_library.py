import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from klio.audio import library

EVERYTHING = """
import io
import numpy as np
from klio.audio import *
noise = Signal(np.random.default_rng(0).uniform(-0.5, 0.5, 22_050).astype(np.float32))
for plot in (waveform(noise), spectrogram(decibels(stft(noise))), mel_spectrogram(mel(noise)), mfccs(mfcc(mel(noise)))):
    save(plot, io.BytesIO())
"""


def start(cache: Path, *code: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, *(code or ["-m", "klio.audio.warm"])]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_librosa_is_imported_once():
    assert library.librosa() is library.librosa()
    assert {"librosa.onset", "librosa.feature"} <= set(sys.modules)


def test_librosa_is_not_imported_while_another_process_holds_the_lock(tmp_path):
    lock = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    code = "from klio.audio import library\nwith library.one_process_at_a_time(): print('in')"
    waiting = start(tmp_path, "-c", code)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.communicate(timeout=1.0)
        os.close(lock)
        assert waiting.communicate(timeout=20.0)[0] == "in\n"
    finally:
        waiting.kill()
        waiting.wait()


def test_the_lock_is_beside_the_cache_that_is_shared(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "new"))
    assert library.lock_place() == tmp_path / "new"
    assert (tmp_path / "new").is_dir()
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert (library.lock_place() / "onset.py").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["matplotlib", "apache_beam"])
def test_matplotlib_is_only_needed_to_draw_and_beam_only_for_steps(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from klio.audio import warm; warm.main()"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.stderr, ended.returncode) == ("", 0)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_four_processes_may_start_on_one_cold_cache_at_the_same_time(tmp_path):
    processes = [start(tmp_path) for _ in range(4)]
    ends = [(process.communicate()[1], process.returncode) for process in processes]
    assert [code for _, code in ends] == [0, 0, 0, 0], ends
    assert len(list(tmp_path.rglob("*.nbi"))) > 5
    filled = sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb?"))
    again = start(tmp_path)
    assert (again.communicate()[0].startswith("librosa is warm"), again.returncode) == (True, 0)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb?")) == filled
    used = start(tmp_path, "-c", EVERYTHING)
    assert (used.communicate(), used.returncode) == (("", ""), 0)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb?")) == filled
