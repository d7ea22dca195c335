"""Songs of any common format in, stems out."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from klio.audio import decode
from klio.audio.mp3 import open_mp3
from klio_core.errors import JobCodeError, NotAudio

Samples = NDArray[np.float32]
_BY_FFMPEG = {b"ftyp": "MPEG-4", b"\x1a\x45\xdf\xa3": "Matroska", b"OpusHead": "Opus"}
_HEAD_BYTES = 64


def read(path: Path, rate: int, max_duration_s: float) -> Samples:
    """Answer a song's samples (frames, 2), at `rate` Hz.

    WAV, FLAC, MP3 and OGG Vorbis are read by libsndfile, which, unlike Demucs' own decoder, leaves out the 25 ms that
    an MP3 encoder puts before the music. What only ffmpeg reads (M4A, Opus, WebM) goes through it, no longer than
    `max_duration_s`.

    Raises what klio.audio.decode raises, and JobCodeError where ffmpeg is needed and not installed.
    """
    kind = _by_ffmpeg(path)
    if kind is None:
        return decode(path, rate=rate, max_duration_s=max_duration_s, downmix=True).samples
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        decoded = Path(directory) / "song.wav"
        _ffmpeg(path, decoded, kind, max_duration_s)
        return decode(decoded, rate=rate, max_duration_s=max_duration_s).samples


def write(path: Path, samples: Samples, rate: int, bitrate: int) -> None:
    """Write samples (frames, 2) as an MP3 of a constant `bitrate` in kbit/s, second by second.

    What is louder than full scale makes the whole stem quieter, as in Demucs.
    """
    loudest = max(1.0, 1.01 * float(np.abs(samples).max(initial=0.0)))
    with open_mp3(path, rate, bitrate=bitrate) as file:
        for start in range(0, len(samples), rate):
            file.write(samples[start : start + rate] / np.float32(loudest))


def _by_ffmpeg(path: Path) -> str | None:
    """Answer what a file is that libsndfile cannot read, by its first bytes; None for all others."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return next((kind for mark, kind in _BY_FFMPEG.items() if mark in head), None)


def _ffmpeg(path: Path, decoded: Path, kind: str, max_duration_s: float) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        raise JobCodeError(
            f"{kind} is read by ffmpeg, which is not installed", where=str(path), todo="install ffmpeg in the image"
        )
    # One second more than is allowed: then it is refused, not cut.
    limit = str(max_duration_s + 1)
    command = [program, "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", "0:a:0", "-ac", "2", "-t", limit]
    done = subprocess.run(
        [*command, "-c:a", "pcm_f32le", "-f", "wav", str(decoded)], capture_output=True, check=False, text=True
    )
    if done.returncode or not decoded.exists():
        raise NotAudio(
            f"ffmpeg finds no sound in this {kind} file",
            where=str(path),
            got=done.stderr.strip()[-300:],
            todo="play it, and upload it again if it is whole",
        )
