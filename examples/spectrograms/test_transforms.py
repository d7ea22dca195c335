"""The job's own test: `klio job test`."""

import io
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.image import imread
from transforms import DrawSong

from klio.testing import run_one

JOB = (Path(__file__).parent / "klio-job.yaml").read_text()


def song(seconds: float = 3.0, rate: int = 44_100) -> bytes:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    file = io.BytesIO()
    soundfile.write(file, tone, rate, format="FLAC")
    return file.getvalue()


def test_a_song_becomes_three_pictures():
    result = run_one(DrawSong(), "a.flac", files={"a.flac": song()}, config=JOB)
    assert result.elements == [b"a.flac"]
    assert len(result.outputs) == 3
    for png in result.outputs.values():
        assert imread(io.BytesIO(png)).shape == (400, 1200, 4)
