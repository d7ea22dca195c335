import pickle
import struct
import zipfile

import numpy as np
import pytest
from bad_audio import BadAudio, EmptyAudio, NotAudio, TooLongAudio, TruncatedAudio, UnsoundAudio
from decode import Sound, decode

SINE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)).astype(np.float32)
STEREO = np.stack([SINE, -SINE], axis=1)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
def test_a_whole_track_is_read_in_stereo_at_its_own_rate(studio, suffix):
    sound = decode(studio.file(f"a.{suffix}", STEREO))
    assert (sound.rate, sound.samples.shape, sound.samples.dtype) == (44_100, (44_100, 2), np.float32)
    assert np.abs(sound.samples[:, 0] + sound.samples[:, 1]).max() < 0.1
    assert 0.45 < sound.samples.max() < 0.55
    assert sound.duration_s == 1.0


def test_mono_becomes_stereo_with_both_sides_alike(studio):
    samples = decode(studio.file("a.wav", SINE)).samples
    assert samples.shape == (44_100, 2)
    np.testing.assert_array_equal(samples[:, 0], samples[:, 1])
    np.testing.assert_allclose(samples[:, 0], SINE, atol=1e-4)


def test_8_khz_stays_8_khz(studio):
    sound = decode(studio.file("a.wav", STEREO, rate=8_000))
    assert (sound.rate, len(sound.samples)) == (8_000, 44_100)


def test_half_a_second_is_read(studio):
    assert decode(studio.file("a.flac", STEREO[:22_050])).duration_s == 0.5


def test_silence_is_sound(studio):
    assert decode(studio.file("a.wav", np.zeros((1000, 2)))).samples.max() == 0.0


def test_another_rate_keeps_duration_and_pitch():
    resampled = Sound(STEREO, 44_100).at_rate(48_000)
    assert resampled.samples.shape == (48_000, 2)
    assert np.argmax(np.abs(np.fft.rfft(resampled.samples[:, 0]))) == 440


def test_the_same_rate_is_the_same_sound():
    sound = Sound(STEREO, 44_100)
    assert sound.at_rate(44_100) is sound


def test_an_empty_file_is_told(studio):
    with pytest.raises(EmptyAudio, match="The track is empty"):
        decode(studio.bytes("a.mp3", b""))


def test_a_header_without_a_sample_is_told(studio):
    with pytest.raises(EmptyAudio, match="holds no sound"):
        decode(studio.file("a.wav", np.zeros((0, 2))))


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.ogg", "a", "a.raw"])
def test_a_web_page_is_not_audio(studio, name):
    with pytest.raises(NotAudio, match="DOCTYPE"):
        decode(studio.bytes(name, b"<!DOCTYPE html><html><body>404</body></html>" * 50))


def test_a_zip_is_not_audio(studio):
    path = studio.directory / "a.mp3"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "words " * 1000)
    with pytest.raises(NotAudio, match="PK"):
        decode(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
def test_a_track_that_was_cut_off_is_told(studio, suffix, share):
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (44_100 * 3, 2))
    with pytest.raises(TruncatedAudio, match="The track is cut off"):
        decode(studio.cut(studio.file(f"a.{suffix}", noise), share))


def test_an_mp3_that_does_not_count_its_frames_is_read_as_it_is(studio):
    path = studio.file("a.mp3", STEREO, bitrate_mode="CONSTANT", compression_level=0.5)
    content = path.read_bytes()
    second_frame = content.index(b"\xff\xfb", content.index(b"Info"))  # the first one only counts the others
    sound = decode(studio.bytes("b.mp3", content[second_frame:]))
    assert sound.duration_s == pytest.approx(1.0, abs=0.1)


def test_a_wav_written_to_a_pipe_has_no_size_and_is_read_as_it_is(studio):
    content = bytearray(studio.file("a.wav", STEREO).read_bytes())
    size_of_data = content.index(b"data") + 4
    content[size_of_data : size_of_data + 4] = struct.pack("<I", 0xFFFFFFFF)
    assert decode(studio.bytes("b.wav", bytes(content))).duration_s == 1.0


def test_a_flac_of_unknown_length_is_told(studio):
    content = bytearray(studio.file("a.flac", STEREO).read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    with pytest.raises(UnsoundAudio, match="does not say how long"):
        decode(studio.bytes("b.flac", bytes(content)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6])
def test_samples_that_are_no_sound_are_told(studio, value):
    samples = STEREO.copy()
    samples[1234, 1] = value
    with pytest.raises(UnsoundAudio, match="not sound"):
        decode(studio.file("a.wav", samples, subtype="FLOAT"))


def test_six_channels_are_told(studio):
    with pytest.raises(UnsoundAudio, match="got: 6"):
        decode(studio.file("a.wav", np.zeros((1000, 6))))


def test_a_bomb_is_refused_by_its_header_before_it_is_decoded(studio):
    bomb = studio.file("a.flac", np.zeros(44_100 * 90, np.int16))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(TooLongAudio, match="at most 60 s"):
        decode(bomb, max_duration_s=60.0)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        decode(tmp_path / "none.wav")


def test_an_error_says_what_where_expected_got_and_what_to_do(studio):
    path = studio.bytes("a.wav", b"")
    with pytest.raises(BadAudio) as caught:
        decode(path)
    assert str(caught.value).splitlines() == [
        "The track is empty.",
        f"  at: {path}",
        "  expected: an audio file",
        "  got: 0 bytes",
        "  to do: Upload the track again.",
    ]
    assert isinstance(caught.value, ValueError)


def test_an_error_survives_being_pickled():
    error = TruncatedAudio("The track is cut off.", "a.wav", "2", "1", "Upload it again.")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (TruncatedAudio, str(error))
