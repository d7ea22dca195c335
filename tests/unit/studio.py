"""Writes the audio files that tests need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


class Studio:
    """Files in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def file(self, name: str, samples: np.ndarray, rate: int = 44_100, **more: str) -> Path:
        """Any format that soundfile knows by the file's suffix, in blocks as Vorbis needs it."""
        path = self.directory / name
        channels = samples.shape[1] if samples.ndim == 2 else 1
        with soundfile.SoundFile(path, "w", rate, channels, **more) as file:
            for start in range(0, len(samples), rate):
                file.write(samples[start : start + rate])
        return path

    def bytes(self, name: str, content: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(content)
        return path

    def cut(self, path: Path, share: float) -> Path:
        """The first part of a file."""
        content = path.read_bytes()
        return self.bytes(f"cut-{path.name}", content[: int(len(content) * share)])
