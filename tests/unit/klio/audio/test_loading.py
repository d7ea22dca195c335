import numpy as np
import pytest

from klio.audio import Signal, load
from klio.audio.library import librosa
from klio_core.errors import EmptyAudio, JobCodeError, TooLarge, TruncatedAudio

LIKE_LIBROSA = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what librosa.load imports
RATE = 44_100
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, (2 * RATE, 2)).astype(np.float32)


@LIKE_LIBROSA
@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("rate", [None, 22_050, 48_000])
def test_samples_are_those_of_librosa(studio, suffix, rate):
    path = studio.file(f"a.{suffix}", NOISE)
    expected, own_rate = librosa().load(path, sr=rate)
    sound = load(path, rate=rate)
    assert (sound.rate, sound.samples.shape, sound.samples.dtype) == (own_rate, expected.shape, np.float32)
    assert np.abs(sound.samples - expected).max() < 1e-5


@LIKE_LIBROSA
@pytest.mark.parametrize(("offset", "duration"), [(0.5, 1.0), (1.7, 60.0), (0.0, 0.25), (1.23456, None)])
def test_a_part_is_the_part_that_librosa_reads(studio, offset, duration):
    path = studio.file("a.flac", NOISE)
    expected, _ = librosa().load(path, offset=offset, duration=duration)
    sound = load(path, rate=22_050, offset_s=offset, length_s=duration)
    assert sound.samples.shape == expected.shape
    assert np.abs(sound.samples - expected).max() < 1e-5


def test_both_channels_are_kept_where_they_are_wanted(studio):
    sound = load(studio.file("a.wav", NOISE, subtype="FLOAT"), mono=False)
    assert np.array_equal(sound.samples, NOISE.T)
    assert sound.at_rate(22_050).samples.shape == (2, RATE)


def test_a_part_of_a_long_file_is_read_whatever_its_length(studio):
    path = studio.file("a.flac", np.zeros(RATE * 90, np.int16))
    with pytest.raises(TooLarge):
        load(path, max_duration_s=60)
    assert load(path, max_duration_s=60, offset_s=80, length_s=5).duration_s == 5.0


def test_a_part_behind_the_end_holds_no_sound(studio):
    with pytest.raises(EmptyAudio, match="0 frames, of 88200"):
        load(studio.file("a.wav", NOISE), offset_s=10)


@pytest.mark.parametrize("suffix", ["wav", "ogg", "flac"])
def test_a_part_of_a_file_that_was_cut_off_is_told(studio, suffix):
    path = studio.cut(studio.file(f"a.{suffix}", NOISE), 0.5)
    with pytest.raises(TruncatedAudio):
        load(path, offset_s=1.5, length_s=0.25)


@pytest.mark.parametrize("part", [{"offset_s": -1.0}, {"length_s": -0.5}])
def test_a_part_of_less_than_nothing_is_told(studio, part):
    with pytest.raises(JobCodeError, match="no such part"):
        load(studio.file("a.wav", NOISE), **part)


def test_a_higher_quality_of_the_resampler_may_be_asked_for():
    sound = Signal(NOISE[:, 0], RATE)
    assert not np.array_equal(sound.at_rate(22_050).samples, sound.at_rate(22_050, "VHQ").samples)
    assert sound.at_rate(RATE) is sound
