"""Files that people upload, made by the encoders that they use; each once for all tests."""

from __future__ import annotations

import subprocess
import wave
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from imageio_ffmpeg import get_ffmpeg_exe

SONGS = {
    "song.mp3": (),
    "no-tag.mp3": ("-id3v2_version", "0", "-write_xing", "0"),
    "song.wav": (),
    "rf64.wav": ("-rf64", "always"),
    "song.flac": (),
    "song.ogg": (),
    "song.opus": (),
    "flac.ogg": ("-c:a", "flac"),
    "song.m4a": (),
    "song.webm": ("-c:a", "libopus"),
    "song.aiff": (),
    "song.aac": (),
    "song.wma": (),
}
SECONDS = 3
TITLE, ARTIST = "<img src=x onerror=alert(1)>", "Ärtist"


@cache
def song(name: str, seconds: int = SECONDS) -> bytes:
    """Answer a tone of some seconds, with a title and an artist, in the format of a file of this name."""
    tags = ("-metadata", f"title={TITLE}", "-metadata", f"artist={ARTIST}")
    return _ffmpeg(name, f"sine=duration={seconds}", *tags, *SONGS[name])


@cache
def video(name: str) -> bytes:
    """Answer a second of pictures without sound."""
    return _ffmpeg(name, "testsrc=duration=1:size=64x64:rate=5")


@cache
def silence(seconds: int) -> bytes:
    """Answer a FLAC of silence, which is small however long it is."""
    return _ffmpeg("silence.flac", f"anullsrc=r=8000:cl=mono:d={seconds}")


def noise_free_wav(frames: int, data_size: int | None = None) -> bytes:
    """Answer a WAV of zeros; with `data_size`, one whose header says that so many bytes of samples follow."""
    file = BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((2, 2, 44_100, 0, "NONE", ""))
        written.writeframes(bytes(4 * frames))
    content = bytearray(file.getvalue())
    if data_size is not None:
        content[40:44] = data_size.to_bytes(4, "little")
    return bytes(content)


def _ffmpeg(name: str, source: str, *options: str) -> bytes:
    with TemporaryDirectory() as directory:
        made = Path(directory) / name
        command = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, *options, str(made)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return made.read_bytes()
