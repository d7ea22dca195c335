"""What comes in, and what goes out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import mixing
import numpy as np
import peaks
import pytest
import songs
import soundfile

from klio_core.errors import BadPayload, JobCodeError, NotAudio, TooLarge


def tone(frames: int, rate: int, channels: int) -> np.ndarray:
    one = 0.5 * np.sin(2 * np.pi * 440 / rate * np.arange(frames, dtype=np.float32))
    return np.repeat(one[:, None], channels, axis=1).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_songs_of_any_rate_come_in_stereo_at_the_rate_of_the_model(tmp_path: Path, rate: int, channels: int):
    soundfile.write(tmp_path / "song", tone(rate, rate, channels), rate, format="WAV")

    read = songs.read(tmp_path / "song", 44_100, 60)

    assert read.shape == (44_100, 2)
    middle = slice(20_000, 24_000)
    np.testing.assert_allclose(read[middle], tone(44_100, 44_100, 2)[middle], atol=2e-3)


def test_a_song_in_surround_becomes_stereo(tmp_path: Path):
    one = tone(44_100, 44_100, 1)
    channels = np.hstack([0.5 * one, 0.25 * one, 0.2 * one, one, 0 * one, 0.1 * one])  # left, right, centre, deep, back
    soundfile.write(tmp_path / "song", channels, 44_100, format="FLAC")

    left, right = songs.read(tmp_path / "song", 44_100, 60).T
    np.testing.assert_allclose(left, (0.5 + 0.2 / 2**0.5) * one[:, 0], atol=1e-3)
    np.testing.assert_allclose(right, (0.25 + 0.3 / 2**0.5) * one[:, 0], atol=1e-3)


@pytest.mark.parametrize("kind", ["m4a", "webm", "opus"])
def test_what_only_ffmpeg_reads_goes_through_it(tmp_path: Path, ffmpeg: Path, kind: str):
    soundfile.write(tmp_path / "song.wav", tone(96_000, 48_000, 2), 48_000)
    subprocess.run([ffmpeg, "-v", "error", "-i", tmp_path / "song.wav", tmp_path / f"song.{kind}"], check=True)
    (tmp_path / f"song.{kind}").rename(tmp_path / "song")

    read = songs.read(tmp_path / "song", 44_100, 60)

    assert abs(len(read) - 88_200) < 4_410
    assert np.abs(read[30_000:60_000]).max() == pytest.approx(0.5, abs=0.05)
    with pytest.raises(TooLarge):
        songs.read(tmp_path / "song", 44_100, 0.5)


def test_an_m4a_that_is_none_is_refused_with_the_words_of_ffmpeg(tmp_path: Path, ffmpeg: Path):
    (tmp_path / "song").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(2_000))

    with pytest.raises(NotAudio) as caught:
        songs.read(tmp_path / "song", 44_100, 60)
    assert caught.value.got


def test_without_ffmpeg_an_m4a_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "song").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(2_000))

    with pytest.raises(JobCodeError) as caught:
        songs.read(tmp_path / "song", 44_100, 60)
    assert caught.value.todo == "install ffmpeg in the image"


def test_a_stem_that_is_too_loud_is_written_quieter_and_whole(tmp_path: Path):
    loud = 3 * tone(100_000, 44_100, 2)
    songs.write(tmp_path / "stem.mp3", loud, 44_100, 320)

    read, rate = soundfile.read(tmp_path / "stem.mp3")
    assert (rate, read.shape) == (44_100, loud.shape)
    assert 0.95 < np.abs(read).max() <= 1.02


def test_peaks_are_a_thousand_on_one_scale():
    loud, quiet = tone(44_100, 44_100, 2), 0.1 * tone(44_100, 44_100, 2)

    drawn = peaks.of({"drums": loud, "bass": quiet, "other": 0 * quiet})

    assert {name: len(values) for name, values in drawn.items()} == {"drums": 1_000, "bass": 1_000, "other": 1_000}
    assert (max(drawn["drums"]), max(drawn["bass"]), max(drawn["other"])) == (100, 10, 0)
    assert len(peaks.of({"drums": loud[:7]})["drums"]) == 7


@pytest.mark.parametrize(
    ("payload", "stems"),
    [(b"", ("bass", "drums")), (b"vocals", ("vocals",)), (b"vocals+bass+other", ("bass", "other", "vocals"))],
)
def test_a_mix_is_of_the_stems_that_the_payload_names(payload: bytes, stems: tuple[str, ...]):
    assert mixing.stems(payload) == stems


@pytest.mark.parametrize("payload", [b"violin", b"drums+", b"drums+drums", b"../bass", b"\xff"])
def test_what_names_no_stem_is_no_mix(payload: bytes):
    with pytest.raises(BadPayload):
        mixing.stems(payload)


def test_a_mix_is_the_sum_of_its_stems(tmp_path: Path):
    for name, frequency in (("a", 1.0), ("b", 2.0)):
        songs.write(tmp_path / f"{name}.mp3", 0.25 * tone(100_000, int(44_100 / frequency), 2), 44_100, 320)
    mixing.mix([tmp_path / "a.mp3", tmp_path / "b.mp3"], tmp_path / "mix.mp3", 320)

    a, b, mix = (soundfile.read(tmp_path / f"{name}.mp3", dtype="float32")[0] for name in ("a", "b", "mix"))
    assert mix.shape == a.shape
    np.testing.assert_allclose(mix[20_000:80_000], (a + b)[20_000:80_000], atol=0.01)
