"""The automixer's modules as the job sees them: a job's directory is on the path."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

REPOSITORY = Path(__file__).parents[4]
sys.path.append(str(REPOSITORY / "examples" / "automixer"))

import synth  # noqa: E402 - needs the path


class Studio:
    """Writes the files that tests need into a directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def piece(self, name: str, tempo_bpm: float, seed: int = 1, duration_s: float = 16.0, **more: bool) -> Path:
        piece = synth.compose(tempo_bpm, duration_s, seed, **more)
        return self.file(name, piece.samples, piece.rate)

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


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)
