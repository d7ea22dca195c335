from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from klio.audio.mp3 import open_mp3
from klio_core.errors import UsageError


def sine(frames: int, rate: int) -> np.ndarray:
    return np.repeat(0.5 * np.sin(2 * np.pi * 440 / rate * np.arange(frames, dtype=np.float32))[:, None], 2, axis=1)


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("frames", [1, 1_000, 100_123])
def test_what_was_written_is_played_no_frame_more_and_none_late(tmp_path: Path, rate: int, frames: int):
    written = sine(frames, rate)
    with open_mp3(tmp_path / "a.mp3", rate) as file:
        for start in range(0, frames, rate):
            file.write(written[start : start + rate])

    read, at = soundfile.read(tmp_path / "a.mp3", dtype="float32")
    assert (at, read.shape) == (rate, (frames, 2))
    if frames > 100_000:
        middle = slice(frames // 2, frames // 2 + 4_096)
        assert np.abs(read[middle] - written[middle]).max() < 0.01


@pytest.mark.parametrize("bitrate", [128, 192, 256, 320])
def test_the_bitrate_is_that_which_was_asked_for(tmp_path: Path, bitrate: int):
    seconds = 10
    with open_mp3(tmp_path / "a.mp3", 44_100, bitrate=bitrate) as file:
        file.write(sine(44_100 * seconds, 44_100))

    assert (tmp_path / "a.mp3").stat().st_size * 8 / 1000 / seconds == pytest.approx(bitrate, rel=0.01)


@pytest.mark.parametrize(("rate", "bitrate"), [(22_050, 320), (44_100, 321), (44_100, 0), (96_000, 128)])
def test_what_no_mp3_can_be_is_an_error(tmp_path: Path, rate: int, bitrate: int):
    with pytest.raises(UsageError) as caught:
        open_mp3(tmp_path / "a.mp3", rate, bitrate=bitrate)

    assert caught.value.got == f"{rate} Hz, {bitrate} kbit/s"
    assert not (tmp_path / "a.mp3").exists()
