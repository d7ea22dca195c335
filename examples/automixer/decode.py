"""Read a track whole, in stereo and at its own rate, or say exactly why it cannot be used."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from bad_audio import EmptyAudio, NotAudio, TooLongAudio, TruncatedAudio, UnsoundAudio
from container import counts_its_frames, missing_bytes
from numpy.typing import NDArray

UNKNOWN_FRAMES = 2**62  # libsndfile reports the largest number there is
LOUDEST_SANE_SAMPLE = 100.0  # 40 dB over full scale: float files may go over 1, but not by that much


@dataclass(frozen=True)
class Sound:
    """Stereo audio in memory."""

    samples: NDArray[np.float32]  # (frames, 2), full scale is ±1
    rate: int  # frames per second

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def at_rate(self, rate: int) -> "Sound":
        """The same sound at another sample rate (soxr, high quality)."""
        if rate == self.rate:
            return self
        return Sound(soxr.resample(self.samples, self.rate, rate), rate)


def decode(path: Path, *, max_duration_s: float = 1800.0) -> Sound:
    """Read a WAV, FLAC, MP3 or OGG Vorbis file; mono becomes stereo.

    The header is read first, and never more than `max_duration_s` seconds are decoded.

    Raises: a BadAudio (see bad_audio.py) when the file is empty, no audio, cut off, too long, or holds NaN,
    infinity or absurd levels; OSError when it cannot be read at all.
    """
    if path.stat().st_size == 0:
        raise EmptyAudio("The track is empty.", str(path), "an audio file", "0 bytes", "Upload the track again.")
    try:
        with soundfile.SoundFile(path) as file:
            samples = _read(file, path, max_duration_s)
            rate = file.samplerate
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a file named .raw, which has no header
        raise _unreadable(path) from error
    _check_sound(samples, path)
    return Sound(np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples, rate)


def _read(file: soundfile.SoundFile, path: Path, max_duration_s: float) -> NDArray[np.float32]:
    if file.frames >= UNKNOWN_FRAMES:
        raise UnsoundAudio(
            "The track does not say how long it is.",
            str(path),
            "a FLAC with its number of samples in STREAMINFO",
            "0, unknown",
            "Encode it again to a file, not to a pipe.",
        )
    counted = counts_its_frames(path, file.format)
    limit = int(max_duration_s * file.samplerate)
    if counted and file.frames > limit:
        raise _too_long(path, max_duration_s, f"{file.frames / file.samplerate:.0f} s")
    if file.channels > 2:
        raise UnsoundAudio(
            "The track is not stereo.",
            str(path),
            "1 or 2 channels",
            f"{file.channels}",
            "Mix it down to stereo.",
        )
    buffer = np.empty((min(file.frames, limit + 1), file.channels), np.float32)
    samples = _fill(file, buffer, path)
    if len(samples) > limit:
        raise _too_long(path, max_duration_s, "more")
    _check_complete(file, path, len(samples), counted=counted)
    return samples


def _fill(file: soundfile.SoundFile, buffer: NDArray[np.float32], path: Path) -> NDArray[np.float32]:
    try:
        return np.asarray(file.read(out=buffer))
    except soundfile.SoundFileError as error:  # FLAC notices by itself that it was cut off or damaged
        raise _truncated(path, f"{file.frames} frames", f"an error on the way: {error}") from error


def _check_complete(file: soundfile.SoundFile, path: Path, frames: int, *, counted: bool) -> None:
    if counted and frames < file.frames:
        raise _truncated(path, f"{file.frames} frames, as its header says", f"{frames} frames")
    if missing := missing_bytes(path, file.format):
        raise _truncated(path, "the end that its container announces", f"at least {missing} bytes too few")
    if frames == 0:
        raise EmptyAudio(
            "The track holds no sound.", str(path), "at least one frame", "0 frames", "Upload the track again."
        )


def _check_sound(samples: NDArray[np.float32], path: Path) -> None:
    peak = float(max(samples.max(), -samples.min()))
    if not peak <= LOUDEST_SANE_SAMPLE:  # also when it is NaN, which max() hands on
        raise UnsoundAudio(
            "The track holds samples that are not sound.",
            str(path),
            "finite samples, full scale ±1",
            f"a peak of {peak}",
            "Export the track again as 16 or 24 bit.",
        )


def _unreadable(path: Path) -> NotAudio:
    with path.open("rb") as file:
        start = file.read(16)
    return NotAudio(
        "The track is not audio that can be read.",
        str(path),
        "WAV, FLAC, MP3 or OGG Vorbis",
        f"a file that begins with {start!r}",
        "Convert it, or upload the right file.",
    )


def _truncated(path: Path, expected: str, got: str) -> TruncatedAudio:
    return TruncatedAudio("The track is cut off.", str(path), expected, got, "Upload the track again.")


def _too_long(path: Path, max_duration_s: float, got: str) -> TooLongAudio:
    return TooLongAudio(
        "The track is too long.",
        str(path),
        f"at most {max_duration_s:.0f} s",
        got,
        "Cut it, or raise max_duration_s.",
    )
