"""Files to upload, sound and unsound."""

from __future__ import annotations

import io
from typing import Any

import mutagen.flac
import numpy as np
import soundfile

RATE = 44_100


def encoded(samples: Any, form: str = "FLAC", subtype: str | None = None) -> bytes:
    """Samples (frames, channels) as a file."""
    content = io.BytesIO()
    soundfile.write(content, samples, RATE, format=form, subtype=subtype)
    return content.getvalue()


def music(seconds: float, seed: int = 7) -> bytes:
    """Noise, as loud at any moment, and dull enough for MP3 to keep it; no two seeds make the same file."""
    noise = np.random.default_rng(seed).standard_normal((int(RATE * seconds), 2))
    dull = np.stack([np.convolve(channel, np.hanning(24), "same") for channel in noise.T], axis=1)
    return encoded((0.03 * dull).astype(np.float32))


def silence(seconds: float) -> bytes:
    return encoded(np.zeros((int(RATE * seconds), 2), np.int16))


def hours_of_silence(hours: int) -> bytes:
    """Three hours of it are a small file."""
    content = io.BytesIO()
    with soundfile.SoundFile(content, "w", 8_000, 1, format="FLAC") as file:
        for _ in range(hours * 60):
            file.write(np.zeros(8_000 * 60, np.int16))
    return content.getvalue()


def not_a_number() -> bytes:
    return encoded(np.full((RATE, 2), np.nan), "WAV", "FLOAT")


def tone(seconds: float) -> Any:
    times = np.arange(int(RATE * seconds)) / RATE
    return np.stack([0.3 * np.sin(2 * np.pi * 440 * times)] * 2, axis=1)


def tagged(title: str, artist: str, seed: int) -> bytes:
    """A song whose file says these."""
    content = io.BytesIO(music(1, seed))
    file = mutagen.flac.FLAC(content)
    file["title"], file["artist"] = title, artist
    content.seek(0)
    file.save(content)
    return content.getvalue()
