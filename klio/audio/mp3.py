"""MP3 files that are as long as what was written into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import soundfile

from klio_core.errors import UsageError

_BEST_KBIT_S, _RANGE_KBIT_S = 320, 288  # libsndfile's scale for MPEG-1 layer III: level 0 is 320, level 1 is 32
_RATES = (32_000, 44_100, 48_000)


def open_mp3(path: Path, rate: int, *, channels: int = 2, bitrate: int = 320) -> Any:
    """Open an MP3 of a constant `bitrate` (kbit/s) for writing: a soundfile.SoundFile, which takes (frames, channels).

    Write it in pieces of a second or so. The header that is added when it is closed says how many frames the encoder
    put before and after the sound (LAME's tag): libsndfile, ffmpeg and browsers play exactly what was written.

    Raises UsageError for a rate other than 32,000, 44,100 or 48,000 Hz, or a bitrate beyond 32 to 320.
    """
    if rate not in _RATES or not _BEST_KBIT_S - _RANGE_KBIT_S <= bitrate <= _BEST_KBIT_S:
        raise UsageError(
            "there is no such MP3",
            where=str(path),
            expected="32000, 44100 or 48000 Hz, and 32 to 320 kbit/s",
            got=f"{rate} Hz, {bitrate} kbit/s",
            todo="resample first: klio.audio.Sound.at_rate",
        )
    level = (_BEST_KBIT_S - bitrate) / _RANGE_KBIT_S
    return soundfile.SoundFile(
        path, "w", rate, channels, format="MP3", compression_level=level, bitrate_mode="CONSTANT"
    )
