import numpy as np
import pytest
import synth
from stretch import BLEND_S, stretch_head

RATE = 44_100
TEMPI = [0.92, 0.96, 0.995, 1.005, 1.04, 1.08]


def stereo(samples: np.ndarray) -> np.ndarray:
    return np.stack([samples, samples], axis=1).astype(np.float32)


@pytest.mark.parametrize("tempo", [1.0, *TEMPI])
def test_the_head_has_the_frames_asked_for_and_took_their_time_of_the_source(tempo):
    piece = synth.compose(120.0, 8.0, seed=1)
    head = stretch_head(piece.samples, RATE, 5 * RATE, tempo)
    assert len(head.samples) == 5 * RATE
    assert head.resume == pytest.approx(5 * RATE * tempo, abs=0.02 * RATE)


@pytest.mark.parametrize("tempo", TEMPI)
def test_the_source_goes_on_where_the_head_ends(tempo):
    source = synth.compose(120.0, 8.0, seed=2).samples
    head = stretch_head(source, RATE, 5 * RATE, tempo)
    start, taken = head.copies[-1]
    np.testing.assert_array_equal(head.samples[start:], source[taken : head.resume])
    assert head.resume - taken == len(head.samples) - start


def test_a_tempo_of_one_is_a_copy():
    source = synth.compose(120.0, 4.0, seed=3).samples
    head = stretch_head(source, RATE, 2 * RATE, 1.0)
    np.testing.assert_array_equal(head.samples, source[: 2 * RATE])
    assert (head.resume, head.copies) == (2 * RATE, ((0, 0),))


@pytest.mark.parametrize("tempo", TEMPI)
def test_every_copy_is_verbatim_from_its_start_to_the_next_blend(tempo):
    source = synth.compose(100.0, 8.0, seed=4).samples
    head = stretch_head(source, RATE, 5 * RATE, tempo)
    ends = [start - round(BLEND_S * RATE) for start, _ in head.copies[1:]] + [len(head.samples)]
    assert len(head.copies) > 2
    for (start, taken), end in zip(head.copies, ends, strict=True):
        np.testing.assert_array_equal(head.samples[start:end], source[taken : taken + end - start])


@pytest.mark.parametrize("tempo", TEMPI)
@pytest.mark.parametrize("tempo_bpm", [90.0, 128.0, 174.0])
def test_hits_are_whole_and_within_a_few_milliseconds_of_their_time(tempo_bpm, tempo):
    piece = synth.compose(tempo_bpm, 10.0, seed=5)
    head = stretch_head(piece.samples, RATE, 8 * RATE, tempo)
    starts, taken = np.array(head.copies).T
    hits = piece.beats_s[piece.beats_s < 7.9 * tempo] * RATE
    copy = np.maximum(np.searchsorted(taken, hits, side="right") - 1, 0)
    off_ms = ((hits - taken[copy] + starts[copy]) - hits / tempo) / RATE * 1000
    assert np.abs(off_ms).mean() < 6.0
    assert np.abs(off_ms).max() < 15.0
    blends = np.append(starts[1:] - round(BLEND_S * RATE), np.inf)[copy]
    whole = hits - taken[copy] + starts[copy] + 0.010 * RATE <= blends
    assert whole.mean() >= 0.9


@pytest.mark.parametrize("hertz", [55, 220, 440, 1000])
@pytest.mark.parametrize("tempo", [0.94, 1.06])
def test_a_tone_keeps_its_pitch_and_gains_no_clicks(tempo, hertz):
    tone = stereo(0.5 * np.sin(2 * np.pi * hertz * np.arange(6 * RATE) / RATE))
    head = stretch_head(tone, RATE, 4 * RATE, tempo)
    heard = np.concatenate([head.samples, tone[head.resume :]])[:, 0]
    steepest = 0.5 * 2 * np.pi * hertz / RATE
    assert np.abs(np.diff(heard)).max() < 1.1 * steepest
    spectrum = np.abs(np.fft.rfft(heard[: 4 * RATE] * np.hanning(4 * RATE))) ** 2
    around = spectrum[4 * hertz - 16 : 4 * hertz + 17].sum()
    assert np.argmax(spectrum) == pytest.approx(4 * hertz, abs=2)
    assert 10 * np.log10(around / (spectrum.sum() - around)) > 40


def test_silence_can_be_stretched():
    head = stretch_head(np.zeros((3 * RATE, 2), np.float32), RATE, 2 * RATE, 1.05)
    assert len(head.samples) == 2 * RATE
    assert head.samples.max() == 0.0


def test_a_source_that_ends_early_gives_what_it_has():
    source = synth.compose(120.0, 1.0, seed=6).samples
    head = stretch_head(source, RATE, 2 * RATE, 1.05)
    assert 0.9 * RATE < len(head.samples) <= RATE
    assert head.resume == len(source)
