import math

import mixer
import numpy as np
import pytest
import soundfile
import synth

from klio_core.errors import BadAudio, EmptyAudio, NotAudio, TruncatedAudio, UnsoundAudio

RATE = 44_100


def hits(tempo_bpm: float, first_s: float, seconds: float, hertz: float) -> tuple[np.ndarray, np.ndarray]:
    """Short tones of one pitch on every beat over a little noise, and their times."""
    samples = np.random.default_rng(0).normal(0, 0.002, (round(seconds * RATE), 2))
    beats_s = np.arange(first_s, seconds - 0.2, 60 / tempo_bpm)
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(2000) / RATE) * np.exp(-np.arange(2000) / 500)
    for beat_s in beats_s:
        samples[round(beat_s * RATE) : round(beat_s * RATE) + 2000] += tone[:, None]
    return samples.astype(np.float32), beats_s


def onsets_s(samples: np.ndarray, hertz: float) -> np.ndarray:
    """When tones of a pitch begin: where their energy, in windows of 10 ms every millisecond, is steepest."""
    carrier = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / RATE)
    window = 441
    energy = np.abs(np.convolve(samples[:, 0] * carrier, np.ones(window) / window, "same"))[::44]
    rise = energy[10:] - energy[:-10]
    peaks = [i for i in range(100, len(rise) - 100) if rise[i] == rise[i - 100 : i + 100].max() and rise[i] > 0.01]
    return (np.array(peaks) + 5) * 44 / RATE


def peak_dbfs(path) -> float:
    return 20 * math.log10(np.abs(soundfile.read(path)[0]).max())


def test_two_pieces_are_mixed_on_the_beat(studio):
    first, second = studio.piece("a.wav", 120.0, seed=1), studio.piece("b.flac", 125.0, seed=2)
    mix = mixer.mix(first, second, studio.directory / "mix.ogg", crossfade_s=4.0)
    assert mix.beats_matched
    assert mix.warning is None
    assert mix.first.tempo_bpm == pytest.approx(120.0, abs=0.1)
    assert mix.second.tempo_bpm == pytest.approx(125.0, abs=0.1)
    assert mix.tempo == pytest.approx(0.96, abs=0.001)
    assert mix.fade_s == pytest.approx(4.0, abs=0.01)
    assert 10.0 < mix.fade_start_s <= 12.0
    assert mix.duration_s == pytest.approx(mix.fade_start_s + 16.0 - mix.second_start_s + 4 * 0.04, abs=0.02)
    info = soundfile.info(studio.directory / "mix.ogg")
    assert (info.samplerate, info.channels, info.format) == (RATE, 2, "OGG")
    assert info.frames / RATE == mix.duration_s
    assert peak_dbfs(studio.directory / "mix.ogg") <= -1.0


@pytest.mark.slow
@pytest.mark.parametrize("tempo_bpm", [112.0, 116.0, 124.0, 128.0, 62.5])
def test_in_the_file_the_beats_of_both_tracks_fall_together(studio, tempo_bpm):
    """Heard, not computed: both tracks are tones on the beat, of different pitch, found again in the mix."""
    (one, _), (two, _) = hits(120.0, 0.31, 16.0, 2000.0), hits(tempo_bpm, 0.17, 16.0, 3500.0)
    first, second = studio.file("a.wav", one), studio.file("b.wav", two)
    mix = mixer.mix(first, second, studio.directory / "mix.ogg", crossfade_s=6.0)
    mixed = soundfile.read(studio.directory / "mix.ogg")[0]
    inside = mixed[round((mix.fade_start_s - 0.2) * RATE) : round((mix.fade_start_s + mix.fade_s) * RATE)]
    ones, twos = onsets_s(inside, 2000.0), onsets_s(inside, 3500.0)
    assert len(ones) >= 6
    assert len(twos) >= 4
    sparse, dense = sorted((ones, twos), key=len)
    misses_ms = 1000 * np.abs(sparse[:, None] - dense[None, :]).min(axis=1)
    assert misses_ms.mean() <= 10.0
    assert misses_ms.max() <= 25.0


def test_progress_goes_from_0_upwards_and_says_what_is_done_next(studio):
    path, heard = studio.piece("a.wav", 120.0, duration_s=2.0), []
    mixer.mix(path, path, studio.directory / "mix.ogg", progress=lambda *done: heard.append(done))
    assert [what for _, what in heard] == ["decoding", "finding the beats", "cross-fading", "encoding"]
    assert [share for share, _ in heard] == sorted(share for share, _ in heard)
    assert (heard[0][0], heard[-1][0] < 1) == (0.0, True)


def test_tempi_too_far_apart_are_cross_faded_with_a_warning(studio, caplog):
    first, second = studio.piece("a.wav", 100.0), studio.piece("b.wav", 122.0)
    mix = mixer.mix(first, second, studio.directory / "mix.ogg")
    assert not mix.beats_matched
    assert mix.warning == "the tempi differ by more than 8 %, octaves folded: 100.0 and 122.0 BPM"
    assert caplog.messages == [f"a.wav and b.wav: plain cross-fade, for {mix.warning}"]
    assert (mix.tempo, mix.fade_s, mix.fade_start_s, mix.duration_s) == (1.0, 8.0, 8.0, 24.0)


def test_a_quiet_second_track_becomes_as_loud_as_the_first(studio):
    piece = synth.compose(120.0, 16.0, seed=1)
    first, second = studio.file("a.wav", piece.samples), studio.file("b.wav", 0.4 * piece.samples)
    mix = mixer.mix(first, second, studio.directory / "mix.ogg", crossfade_s=2.0)
    assert mix.first.loudness_lufs - mix.second.loudness_lufs == pytest.approx(7.96, abs=0.05)
    mixed = soundfile.read(studio.directory / "mix.ogg")[0]
    power = [(part**2).mean() for part in (mixed[: 10 * RATE], mixed[-10 * RATE :])]
    assert power[1] / power[0] == pytest.approx(1.0, abs=0.15)


def test_two_loud_tracks_do_not_clip(studio):
    square = np.sign(np.sin(2 * np.pi * 100 * np.arange(4 * RATE) / RATE)) * 0.99
    path = studio.file("a.wav", np.stack([square, square], axis=1))
    mix = mixer.mix(path, path, studio.directory / "mix.ogg", crossfade_s=2.0)
    assert mix.gain_db < -2.0
    assert peak_dbfs(studio.directory / "mix.ogg") <= -1.0


def test_one_and_the_same_track_twice_is_mixed_with_itself(studio):
    path = studio.piece("a.wav", 128.0)
    mix = mixer.mix(path, path, studio.directory / "mix.ogg", crossfade_s=4.0)
    assert mix.beats_matched
    assert mix.tempo == pytest.approx(1.0, abs=1e-3)


def test_different_sample_rates_are_mixed_at_the_first_one_s(studio):
    first = studio.piece("a.wav", 120.0)
    second = synth.compose(123.0, 16.0, seed=2, rate=22_050)
    mix = mixer.mix(first, studio.file("b.wav", second.samples, 22_050), studio.directory / "m.ogg", crossfade_s=4.0)
    assert mix.beats_matched
    assert (mix.rate, soundfile.info(studio.directory / "m.ogg").samplerate) == (RATE, RATE)
    assert mix.second.duration_s == pytest.approx(16.0, abs=0.001)


def test_mono_at_8_khz_gives_a_stereo_mix_at_8_khz(studio):
    piece = synth.compose(120.0, 12.0, seed=3, rate=8_000)
    path = studio.file("a.wav", piece.samples[:, 0], 8_000)
    mix = mixer.mix(path, path, studio.directory / "mix.ogg", crossfade_s=4.0)
    info = soundfile.info(studio.directory / "mix.ogg")
    assert (info.samplerate, info.channels, mix.beats_matched) == (8_000, 2, True)


def test_silence_is_cross_faded_and_stays_silent(studio):
    silent = studio.file("a.wav", np.zeros((10 * RATE, 2)))
    mix = mixer.mix(silent, studio.piece("b.wav", 120.0), studio.directory / "mix.ogg", crossfade_s=4.0)
    assert mix.warning == "no steady beat was found in the first track"
    assert (mix.first.loudness_lufs, mix.first.tempo_bpm) == (-math.inf, None)
    mixed = soundfile.read(studio.directory / "mix.ogg")[0]
    assert np.abs(mixed[: 5 * RATE]).max() < 1e-3
    assert np.abs(mixed[-5 * RATE :]).max() > 0.1


def test_two_silent_tracks_make_a_silent_mix(studio):
    silent = studio.file("a.wav", np.zeros((RATE, 2)))
    mix = mixer.mix(silent, silent, studio.directory / "mix.ogg")
    assert (mix.duration_s, mix.fade_s, mix.gain_db) == (1.5, 0.5, 0.0)


def test_half_a_second_is_cross_faded_over_a_quarter(studio):
    short = studio.file("a.wav", synth.compose(120.0, 0.5, seed=1).samples)
    mix = mixer.mix(short, studio.piece("b.wav", 120.0), studio.directory / "mix.ogg")
    assert (mix.fade_s, mix.fade_start_s) == (0.25, 0.25)
    assert mix.warning == "no steady beat was found in the first track"


def test_a_track_shorter_than_two_fades_shortens_the_fade_to_whole_beats(studio):
    first, second = studio.piece("a.wav", 120.0, duration_s=7.0), studio.piece("b.wav", 121.0)
    mix = mixer.mix(first, second, studio.directory / "mix.ogg")
    assert mix.beats_matched
    assert mix.fade_s == pytest.approx(3.5, abs=0.01)


@pytest.mark.parametrize("bad_one_is_first", [True, False])
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda studio: studio.bytes("x.mp3", b""), EmptyAudio),
        (lambda studio: studio.bytes("x.mp3", b"<html>" * 100), NotAudio),
        (lambda studio: studio.cut(studio.piece("x.flac", 120.0, duration_s=2.0), 0.5), TruncatedAudio),
        (lambda studio: studio.file("x.wav", np.full((99, 2), np.nan), subtype="FLOAT"), UnsoundAudio),
    ],
)
def test_a_bad_track_is_told_and_nothing_is_written(studio, make, error, bad_one_is_first):
    pair = [make(studio), studio.piece("good.wav", 120.0, duration_s=2.0)]
    bad = pair[0]
    with pytest.raises(error) as caught:
        mixer.mix(*(pair if bad_one_is_first else pair[::-1]), studio.directory / "mix.ogg")
    assert isinstance(caught.value, BadAudio)
    assert f"at: {bad}" in str(caught.value)
    assert not (studio.directory / "mix.ogg").exists()


@pytest.mark.parametrize("crossfade_s", [0.0, -1.0, math.nan, math.inf])
def test_a_fade_must_be_a_positive_number_of_seconds(studio, crossfade_s):
    with pytest.raises(ValueError, match="crossfade_s must be a positive number"):
        mixer.mix(studio.directory / "a", studio.directory / "b", studio.directory / "c", crossfade_s=crossfade_s)


def test_the_report_knows_when_a_time_of_the_second_track_is_heard_and_back(studio):
    first, second = studio.piece("a.wav", 120.0, seed=1), studio.piece("b.wav", 114.0, seed=2)
    mix = mixer.mix(first, second, studio.directory / "mix.ogg", crossfade_s=4.0)
    times_s = np.linspace(mix.second_start_s + 0.01, 15.0, 50)
    heard_s = mix.heard_at(times_s)
    assert heard_s[0] == pytest.approx(mix.fade_start_s + 0.01, abs=1e-6)
    inside = heard_s < mix.fade_start_s + mix.fade_s
    nominal = mix.fade_start_s + (times_s - mix.second_start_s) / mix.tempo
    np.testing.assert_allclose(heard_s[inside], nominal[inside], atol=0.015)
    np.testing.assert_allclose(np.diff(heard_s[~inside]), np.diff(times_s[~inside]))
    np.testing.assert_allclose(mix.playing_at(heard_s), times_s, atol=0.02)
