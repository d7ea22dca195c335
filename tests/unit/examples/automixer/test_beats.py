import math

import numpy as np
import pytest
import synth
from beats import BeatGrid, find_pulse

CASES = [(72.0, True), (97.3, True), (120.0, True), (128.5, False), (151.7, True), (178.0, True), (88.2, False)]


def clicks(tempo_bpm: float, first_s: float, duration_s: float = 20.0, rate: int = 44_100) -> np.ndarray:
    random = np.random.default_rng(0)
    samples = random.normal(0.0, 0.005, (round(duration_s * rate), 2)).astype(np.float32)
    click = random.uniform(-0.8, 0.8, (400, 1)) * np.linspace(1, 0, 400)[:, None]
    for beat_s in np.arange(first_s, duration_s - 0.1, 60 / tempo_bpm):
        start = round(beat_s * rate)
        samples[start : start + 400] += click.astype(np.float32)
    return samples


@pytest.mark.parametrize(("tempo_bpm", "drums"), CASES)
def test_the_tempo_is_right_with_octaves_folded_and_the_beats_are_within_10_ms(tempo_bpm, drums):
    piece = synth.compose(tempo_bpm, 24.0, seed=5, drums=drums)
    pulse = find_pulse(piece.samples, piece.rate)
    octaves = math.log2(pulse.grid.tempo_bpm / tempo_bpm)
    assert abs(octaves - round(octaves)) < math.log2(1.002)
    found = pulse.grid.between(piece.beats_s[0] - 0.03, piece.beats_s[-1] + 0.03)
    misses = np.abs(found[:, None] - piece.beats_s[None, :]).min(axis=1)
    assert misses.max() < 0.010


def test_clicks_are_found_within_5_ms():
    grid = find_pulse(clicks(100.0, 0.25), 44_100).grid
    assert grid.tempo_bpm == pytest.approx(100.0, abs=0.02)
    assert (grid.first_from(0.2) - 0.25) == pytest.approx(0.0, abs=0.005)


def test_the_grid_is_in_the_time_of_the_track():
    grid = find_pulse(clicks(100.0, 0.25), 44_100, start_s=100.0).grid
    assert grid.first_from(100.2) == pytest.approx(100.25, abs=0.005)


def test_the_rate_of_the_track_does_not_matter():
    grid = find_pulse(clicks(110.0, 0.3, rate=8_000), 8_000).grid
    assert grid.tempo_bpm == pytest.approx(110.0, abs=0.05)
    assert (grid.first_from(0.2) - 0.3) == pytest.approx(0.0, abs=0.005)


@pytest.mark.parametrize("seconds", [6.5, 20.0])
def test_noise_has_no_beat(seconds):
    noise = np.random.default_rng(3).normal(0, 0.1, (round(seconds * 44_100), 2)).astype(np.float32)
    assert find_pulse(noise, 44_100) is None


def test_silence_has_no_beat():
    assert find_pulse(np.zeros((44_100 * 10, 2), np.float32), 44_100) is None


def test_a_steady_tone_has_no_beat():
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(44_100 * 10) / 44_100)
    assert find_pulse(np.stack([tone, tone], axis=1).astype(np.float32), 44_100) is None


def test_less_than_six_seconds_have_no_beat():
    assert find_pulse(clicks(120.0, 0.1, duration_s=5.9), 44_100) is None


def test_the_slowed_grid_holds_every_second_beat_those_with_the_stronger_onsets():
    samples = clicks(140.0, 0.2, duration_s=15.0)
    beats_s = np.arange(0.2, 14.9, 60 / 140)
    for beat_s in beats_s[1::2]:  # every second click weaker, from the second one on
        samples[round(beat_s * 44_100) : round(beat_s * 44_100) + 400] *= 0.1
    pulse = find_pulse(samples, 44_100)
    times = round(2 * (60 / 140) / pulse.grid.period_s)
    grid = pulse.slowed(times)
    assert grid.period_s == pytest.approx(2 * 60 / 140, rel=1e-3)
    found = grid.between(0.1, 14.0)
    assert np.abs(found[:, None] - beats_s[None, ::2]).min(axis=1).max() < 0.007


@pytest.mark.parametrize(
    ("time_s", "first", "last"), [(0.0, 0.1, -0.4), (0.1, 0.1, 0.1), (0.35, 0.6, 0.1), (0.6, 0.6, 0.6)]
)
def test_a_grid_knows_the_beats_around_a_time(time_s, first, last):
    grid = BeatGrid(period_s=0.5, phase_s=10.1)
    assert grid.first_from(time_s) == pytest.approx(first)
    assert grid.last_until(time_s) == pytest.approx(last)
    assert grid.tempo_bpm == 120.0


def test_a_grid_lists_its_beats():
    np.testing.assert_allclose(BeatGrid(0.5, 10.1).between(0.0, 1.2), [0.1, 0.6, 1.1])
