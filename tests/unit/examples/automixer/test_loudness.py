import math

import numpy as np
import pytest
from loudness import integrated_loudness


def sine(dbfs: float, seconds: float, rate: int = 48_000, hertz: float = 1000.0) -> np.ndarray:
    samples = 10 ** (dbfs / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.stack([samples, samples], axis=1).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_a_stereo_sine_of_1_khz_is_as_loud_as_its_level(level, rate):  # EBU Tech 3341, cases 1 and 2
    assert integrated_loudness(sine(level, 5.0, rate), rate) == pytest.approx(level, abs=0.1)


def test_a_full_scale_sine_in_one_channel_is_minus_3_lufs():  # ITU-R BS.1770, annex 1
    samples = sine(0.0, 5.0, hertz=997.0) * np.array([1.0, 0.0], np.float32)
    assert integrated_loudness(samples, 48_000) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize(("hertz", "lufs"), [(50.0, -7.64), (60.0, -6.60), (155.0, -4.17), (10_000.0, 0.33)])
def test_bass_counts_less_and_treble_more(hertz, lufs):  # the standard's own filters, run over the samples
    samples = sine(0.0, 5.0, hertz=hertz) * np.array([1.0, 0.0], np.float32)
    assert integrated_loudness(samples, 48_000) == pytest.approx(lufs, abs=0.1)


@pytest.mark.slow
def test_quiet_parts_are_left_out():  # EBU Tech 3341, case 3
    programme = np.concatenate([sine(-36.0, 10.0), sine(-23.0, 60.0), sine(-36.0, 10.0)])
    assert integrated_loudness(programme, 48_000) == pytest.approx(-23.0, abs=0.1)


def test_silent_parts_are_left_out():  # EBU Tech 3341, case 4
    programme = np.concatenate(
        [sine(level, seconds) for level, seconds in ((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10))]
    )
    assert integrated_loudness(programme, 48_000) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("samples", [np.zeros((48_000, 2), np.float32), sine(-10.0, 0.39), sine(-10.0, 0.0)])
def test_silence_and_less_than_a_block_have_no_loudness(samples):
    assert integrated_loudness(samples, 48_000) == -math.inf
