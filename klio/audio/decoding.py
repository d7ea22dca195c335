"""Read an audio file whole, in stereo, or say exactly why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from klio.audio import surround
from klio.audio.container import WithoutTag, counts_its_frames, missing_bytes, tag_bytes
from klio_core.errors import EmptyAudio, JobCodeError, NotAudio, TooLarge, TruncatedAudio, UnsoundAudio

Samples = NDArray[np.float32]

UNKNOWN_FRAMES = 2**62  # libsndfile reports the largest number there is
LOUDEST_SANE_SAMPLE = 100.0  # 40 dB over full scale: float files may go over 1, but not by that much
LARGE_TAG_BYTES = 1 << 20  # libsndfile takes a tag into memory, up to 256 MB of it
SAMPLE_BYTES = 4
FRAME_BYTES = 2 * SAMPLE_BYTES  # mono becomes stereo


@dataclass(frozen=True)
class Sound:
    """Stereo audio in memory."""

    samples: Samples  # (frames, 2), full scale is ±1
    rate: int  # frames per second

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def at_rate(self, rate: int) -> Sound:
        """Answer the same sound at another sample rate (soxr, high quality)."""
        if rate == self.rate:
            return self
        return Sound(soxr.resample(self.samples, self.rate, rate), rate)


def decode(
    path: Path,
    *,
    rate: int | None = None,
    offset_s: float = 0.0,
    length_s: float | None = None,
    max_duration_s: float = 1800.0,
    max_decoded_bytes: int = 1 << 30,
    downmix: bool = False,
) -> Sound:
    """Read a WAV, FLAC, MP3 or OGG Vorbis file, at `rate` frames per second or its own; mono becomes stereo.

    With `downmix` so do the up to eight channels of a WAV or FLAC file, as `klio.audio.surround` has it.

    All of it is read, or what there is of `length_s` seconds from `offset_s` on; of the rest only the header and the
    end are looked at. The header is read first. Whatever it says, no more than `max_duration_s` seconds or
    `max_decoded_bytes` of samples (8 bytes for each frame, 24 with six channels) are ever in memory, before the rate is
    changed; of a tag with pictures, nothing.

    Raises TooLarge for more than that, EmptyAudio, NotAudio, TruncatedAudio, and UnsoundAudio for more
    channels, NaN, infinity or absurd levels: each makes its message a dead letter. OSError where the file cannot be
    read at all, JobCodeError for a part of less than nothing.
    """
    if path.stat().st_size == 0:
        raise EmptyAudio(
            "the file is empty", where=str(path), expected="an audio file", got="0 bytes", todo="upload it again"
        )
    limits, part = _Limits(max_duration_s, max_decoded_bytes, downmix), _Part(offset_s, length_s)
    try:
        with _opened(path) as file:
            samples, own_rate = _read(file, path, limits, part), file.samplerate
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a file named .raw, which has no header
        raise _unreadable(path) from error
    _check_sound(samples, path)
    return Sound(_as_stereo(samples), own_rate).at_rate(rate or own_rate)


def _as_stereo(samples: Samples) -> Samples:
    if samples.shape[1] == 1:
        return np.repeat(samples, 2, axis=1)
    return samples if samples.shape[1] == 2 else surround.stereo(samples)


@dataclass(frozen=True)
class _Limits:
    duration_s: float
    decoded_bytes: int
    downmix: bool

    def frames(self, file: Any) -> int:
        return min(int(self.duration_s * file.samplerate), self.decoded_bytes // _frame_bytes(file))

    def said(self, file: Any) -> str:
        if self.duration_s * file.samplerate * _frame_bytes(file) <= self.decoded_bytes:
            return f"at most {self.duration_s:.0f} s"
        return f"at most {self.decoded_bytes / 1e6:.0f} MB of samples"


def _frame_bytes(file: Any) -> int:
    return max(FRAME_BYTES, int(file.channels) * SAMPLE_BYTES)


@dataclass(frozen=True)
class _Part:
    """What is wanted of a file: frames are counted as librosa counts them."""

    offset_s: float
    length_s: float | None

    def __post_init__(self) -> None:
        if self.offset_s < 0 or (self.length_s or 0) < 0:
            raise JobCodeError(
                "there is no such part of a file",
                expected="an offset and a length of 0 seconds or more",
                got=f"{self.length_s} s from {self.offset_s} s on",
            )

    def frames(self, file: Any) -> tuple[int, int]:
        """Answer the first frame that is wanted, and how many."""
        start = min(int(self.offset_s * file.samplerate), file.frames)
        there = file.frames - start
        return start, there if self.length_s is None else min(there, int(self.length_s * file.samplerate))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    tag = tag_bytes(path)
    if tag <= LARGE_TAG_BYTES:
        with soundfile.SoundFile(path) as file:
            yield file
    else:
        with (
            path.open("rb") as raw,
            soundfile.SoundFile(WithoutTag(raw, tag)) as file,
        ):
            yield file


def _read(file: Any, path: Path, limits: _Limits, part: _Part) -> Samples:
    if file.frames >= UNKNOWN_FRAMES:
        raise UnsoundAudio(
            "the file does not say how long it is",
            where=str(path),
            expected="a FLAC with its number of samples in STREAMINFO",
            got="0, unknown",
            todo="encode it again to a file, not to a pipe",
        )
    counted = counts_its_frames(path, file.format)
    limit = limits.frames(file)
    start, wanted = part.frames(file)
    if counted and wanted > limit:
        raise _too_large(path, limits, file, f"{wanted / file.samplerate:.0f} s at {file.samplerate} Hz")
    _check_channels(file, path, downmix=limits.downmix)
    samples = _fill(file, np.empty((min(wanted, limit + 1), file.channels), np.float32), path, start)
    if len(samples) > limit:
        raise _too_large(path, limits, file, "more")
    _check_complete(file, path, len(samples), wanted if counted else 0)
    return samples


def _check_channels(file: Any, path: Path, *, downmix: bool) -> None:
    can_be_mixed = file.channels <= surround.MOST and file.format in surround.FORMATS
    if file.channels > 2 and not (downmix and can_be_mixed):
        raise UnsoundAudio(
            "the file is not stereo",
            where=str(path),
            expected="1 or 2 channels",
            got=f"{file.channels}, {file.format}",
            todo="decode it with `downmix=True`" if can_be_mixed else "mix it down to stereo",
        )


def _fill(file: Any, buffer: Samples, path: Path, start: int) -> Samples:
    try:
        if start:
            file.seek(start)
        return np.asarray(file.read(out=buffer))
    except soundfile.SoundFileError as error:  # FLAC notices by itself that it was cut off or damaged
        raise _truncated(path, f"{file.frames} frames", f"an error on the way: {error}") from error


def _check_complete(file: Any, path: Path, frames: int, least: int) -> None:
    if frames < least:
        raise _truncated(path, f"{least} frames, as its header says", f"{frames} frames")
    if missing := missing_bytes(path, file.format):
        raise _truncated(path, "the end that its container announces", f"at least {missing} bytes too few")
    if frames == 0:
        raise EmptyAudio(
            "the file holds no sound",
            where=str(path),
            expected="at least one frame in the part that is read",
            got=f"0 frames, of {file.frames} in the file",
            todo="upload it again",
        )


def _check_sound(samples: Samples, path: Path) -> None:
    peak = float(max(samples.max(), -samples.min()))
    if not peak <= LOUDEST_SANE_SAMPLE:  # also when it is NaN, which max() hands on
        raise UnsoundAudio(
            "the file holds samples that are not sound",
            where=str(path),
            expected="finite samples, full scale ±1",
            got=f"a peak of {peak}",
            todo="export it again as 16 or 24 bit",
        )


def _unreadable(path: Path) -> NotAudio:
    with path.open("rb") as file:
        start = file.read(16)
    return NotAudio(
        "the file is not audio that can be read",
        where=str(path),
        expected="WAV, FLAC, MP3 or OGG Vorbis",
        got=f"a file that begins with {start!r}",
        todo="convert it, or upload the right file",
    )


def _truncated(path: Path, expected: str, got: str) -> TruncatedAudio:
    return TruncatedAudio("the file is cut off", where=str(path), expected=expected, got=got, todo="upload it again")


def _too_large(path: Path, limits: _Limits, file: Any, got: str) -> TooLarge:
    return TooLarge(
        "the sound is too long",
        where=str(path),
        expected=limits.said(file),
        got=got,
        todo="cut it, or raise max_duration_s and max_decoded_bytes",
    )
