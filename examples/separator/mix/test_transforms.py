"""The job's own test: `klio job test`."""

import io

import numpy as np
import soundfile
from transforms import Mix

from klio.testing import run_one

STEMS = ("vocals", "drums", "bass", "other")


def stem(loudness):
    file = io.BytesIO()
    tone = loudness * np.sin(2 * np.pi * 220 * np.arange(44_100) / 44_100)
    soundfile.write(file, np.stack([tone, tone], axis=1), 44_100, format="MP3")
    return file.getvalue()


def test_a_mix_is_of_the_stems_that_were_asked_for(klio_config):
    files = {f"{name}/song": stem(0.1 * number) for number, name in enumerate(STEMS, 1)}
    result = run_one(Mix(), "song", payload=b"vocals+bass", files=files, config=klio_config)

    ((name, mix),) = result.outputs.items()
    assert name == "song-mix-bass-vocals"
    samples, _ = soundfile.read(io.BytesIO(mix))
    assert abs(np.abs(samples).max() - 0.4) < 0.02
