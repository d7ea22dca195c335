import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from klio.audio import Sound, decode
from klio_core.dead_letter import Failure
from klio_core.errors import EmptyAudio, NotAudio, TooLarge, TruncatedAudio, UnsoundAudio

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
    with pytest.raises(EmptyAudio, match="the file is empty"):
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
    with pytest.raises(TruncatedAudio, match="the file is cut off"):
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
    with pytest.raises(UnsoundAudio, match=r"got: 6, WAV\n *to do: decode it with `downmix=True`"):
        decode(studio.file("a.wav", np.zeros((1000, 6))))


def test_what_has_no_known_order_of_channels_is_not_mixed_down(studio):
    for name, channels in (("a.wav", 9), ("a.ogg", 6)):
        with pytest.raises(UnsoundAudio, match=rf"got: {channels}, .*\n *to do: mix it down to stereo"):
            decode(studio.file(name, np.zeros((1000, channels))), downmix=True)


@pytest.mark.parametrize("count", range(1, 9))
def test_each_channel_is_mixed_down_to_its_side(studio, count):
    in_front = {0: (1.0, 0.0), 1: (0.0, 1.0)}
    for number in range(count):
        alone = np.zeros((1000, count))
        alone[:, number] = 0.5
        left, right = decode(studio.file("a.wav", alone, subtype="FLOAT"), downmix=True).samples[500] / 0.5
        if number in in_front and count > 1:
            assert (left, right) == in_front[number]
        assert max(left, right) <= 1.0


def test_surround_takes_more_memory_and_is_refused_by_that(studio):
    file = studio.file("a.wav", np.zeros((1000, 6)))
    with pytest.raises(TooLarge, match="samples"):
        decode(file, downmix=True, max_decoded_bytes=20_000)
    assert decode(file, downmix=True, max_decoded_bytes=24_000).samples.shape == (1000, 2)


def test_a_bomb_is_refused_by_its_header_before_it_is_decoded(studio):
    bomb = studio.file("a.flac", np.zeros(44_100 * 90, np.int16))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(TooLarge, match="at most 60 s"):
        decode(bomb, max_duration_s=60.0)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        decode(tmp_path / "none.wav")


def test_an_error_says_what_where_expected_got_and_what_to_do(studio):
    path = studio.bytes("a.wav", b"")
    with pytest.raises(EmptyAudio) as caught:
        decode(path)
    assert str(caught.value).splitlines() == [
        "the file is empty",
        f"  at: {path}",
        "  expected: an audio file",
        "  got: 0 bytes",
        "  to do: upload it again",
    ]
    assert Failure.of(caught.value).reason == "empty-audio"


def test_so_many_bytes_are_too_many_whatever_the_rate(studio):
    path = studio.file("a.flac", np.zeros(192_000, np.int16), rate=192_000)
    with pytest.raises(TooLarge, match="at most 1 MB of samples") as caught:
        decode(path, max_decoded_bytes=1_000_000)
    assert caught.value.got == "1 s at 192000 Hz"
    assert decode(path, max_decoded_bytes=8 * 192_000).duration_s == 1.0


def test_a_rate_may_be_asked_for(studio):
    assert decode(studio.file("a.wav", STEREO), rate=8_000).samples.shape == (8_000, 2)


@pytest.mark.parametrize("size", [1_000, 100_000_000])
def test_a_picture_in_the_tag_is_skipped_however_large(studio, size):
    path = tagged(studio, size)
    assert decode(path).samples.shape == (44_100, 2)
    assert decode(path, offset_s=0.75).samples.shape == (11_025, 2)


def test_a_tag_behind_which_there_is_nothing_is_not_audio(studio):
    path = tagged(studio, 2_000_000)
    with path.open("r+b") as file:
        file.truncate(1_500_000)
    with pytest.raises(NotAudio):
        decode(path)


IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from klio.audio import decode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", ["a tag of 100 MB", "a bomb of 3 hours"])
def test_memory_is_bounded(studio, kind):
    path = tagged(studio, 100_000_000) if "tag" in kind else bomb(studio, 3 * 3600)
    ended = subprocess.run([sys.executable, "-c", IN_LITTLE_MEMORY, str(path)], capture_output=True, text=True)
    assert int(ended.stdout) < 20_000  # kB; either would be far above 50 000
    assert ended.stderr.strip() == ("" if "tag" in kind else "TooLarge")


def tagged(studio, size: int) -> Path:
    """A second of sound as MP3 behind an ID3 tag, in which a picture takes up so many bytes."""
    sound = studio.file("plain.mp3", STEREO).read_bytes()
    sizes = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path = studio.directory / "tagged.mp3"
    with path.open("wb") as file:
        file.write(b"ID3\x03\0\0" + sizes + b"APIC" + struct.pack(">I", size - 10) + b"\0\0\0image/png\0\3\0")
        file.seek(10 + size)  # leaves a hole, which reads as zeros
        file.write(sound)
    return path


def bomb(studio, seconds: int) -> Path:
    """A FLAC of very much silence: its header tells the length, and its frames are those of a second."""
    content = bytearray(studio.file("a.flac", np.zeros(44_100, np.int16)).read_bytes())
    content[21] = content[21] & 0xF0 | (seconds * 44_100 >> 32)
    content[22:26] = struct.pack(">I", seconds * 44_100 & 0xFFFFFFFF)
    return studio.bytes("bomb.flac", bytes(content))
