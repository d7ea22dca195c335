import numpy as np
import pytest
from beats import BeatGrid
from fade import Fade, plan_fade, render
from match import Match, Mismatch

from klio.audio import Sound

RATE = 8_000
NO_MATCH = Mismatch("because")


def noise(seconds: float, seed: int = 0) -> Sound:
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * RATE), 2))
    return Sound(samples.astype(np.float32), RATE)


def test_a_matched_fade_begins_on_a_beat_of_both_and_lasts_whole_beats():
    match = Match(BeatGrid(1.0, 0.3), BeatGrid(0.96, 0.2), 0.96)
    fade = plan_fade(noise(40), noise(30), match, beat_s=0.5, crossfade_s=8.2)
    assert fade == Fade(round(31.3 * RATE), 8 * RATE, round(0.2 * RATE), 0.96)


@pytest.mark.parametrize(("crossfade_s", "beats"), [(0.01, 1), (0.6, 1), (0.8, 2), (5.0, 10), (100.0, 20)])
def test_the_fade_is_at_least_one_beat_and_at_most_half_a_track(crossfade_s, beats):
    match = Match(BeatGrid(0.5, 0.0), BeatGrid(0.5, 0.0), 1.0)
    assert plan_fade(noise(40), noise(20), match, 0.5, crossfade_s).frames == beats * RATE // 2


def test_a_plain_fade_ends_with_the_first_track_and_begins_with_the_second():
    assert plan_fade(noise(40), noise(30), NO_MATCH, 1.0, 8.0) == Fade(32 * RATE, 8 * RATE, 0, 1.0)


@pytest.mark.parametrize(("first_s", "second_s"), [(0.5, 30), (30, 0.5), (0.5, 0.5)])
def test_a_track_shorter_than_the_fade_shortens_it_to_half_of_the_track(first_s, second_s):
    fade = plan_fade(noise(first_s), noise(second_s), NO_MATCH, 1.0, 8.0)
    assert (fade.frames, fade.end) == (RATE // 4, first_s * RATE)


def test_a_track_of_one_frame_can_be_mixed():
    one = Sound(np.ones((1, 2), np.float32), RATE)
    fade = plan_fade(one, one, NO_MATCH, 1.0, 8.0)
    pieces, _ = render(one, one, fade, 1.0)
    np.testing.assert_array_equal(np.concatenate(pieces), np.ones((2, 2)))


def test_the_fade_keeps_the_power_and_nothing_else_is_touched():
    first, second = noise(4, seed=1), noise(4, seed=2)
    before, during, after = render(first, second, Fade(2 * RATE, 2 * RATE, 0, 1.0), gain=1.0)[0]
    np.testing.assert_array_equal(before, first.samples[: 2 * RATE])
    np.testing.assert_array_equal(after, second.samples[2 * RATE :])
    power = [float((part**2).mean()) for part in np.split(during, 8)]
    np.testing.assert_allclose(power, float((first.samples**2).mean()), rtol=0.05)
    gains = np.linalg.lstsq(
        np.stack([first.samples[3 * RATE : 3 * RATE + 80, 0], second.samples[RATE : RATE + 80, 0]], axis=1),
        during[RATE : RATE + 80, 0],
    )[0]
    np.testing.assert_allclose(gains, np.sqrt(0.5), atol=0.01)


def test_the_gain_is_the_second_track_s_alone():
    first, second = noise(4, seed=1), noise(4, seed=2)
    before, _, after = render(first, second, Fade(2 * RATE, 2 * RATE, 0, 1.0), gain=0.5)[0]
    np.testing.assert_array_equal(before, first.samples[: 2 * RATE])
    np.testing.assert_array_equal(after, 0.5 * second.samples[2 * RATE :])


@pytest.mark.parametrize("tempo", [0.93, 1.07])
def test_after_a_stretched_fade_the_second_track_goes_on_without_a_seam(tempo):
    time_s = np.arange(20 * RATE) / RATE
    tone = np.stack([0.5 * np.sin(2 * np.pi * 200 * time_s)] * 2, axis=1).astype(np.float32)
    silence = Sound(np.zeros_like(tone), RATE)
    pieces, head = render(silence, Sound(tone, RATE), Fade(10 * RATE, 8 * RATE, 100, tempo), gain=1.0)
    mixed = np.concatenate(pieces)
    assert len(mixed) == 18 * RATE + len(tone) - 100 - head.resume
    steepest = 0.5 * 2 * np.pi * 200 / RATE
    assert np.abs(np.diff(mixed, axis=0)).max() < 1.1 * steepest
