"""The automixer's modules as the job sees them: a job's directory is on the path."""

import sys
from pathlib import Path

import pytest

from tests.unit.studio import Studio

REPOSITORY = Path(__file__).parents[4]
sys.path.append(str(REPOSITORY / "examples" / "automixer"))

import synth  # noqa: E402 - needs the path


class PieceStudio(Studio):
    """Writes pieces of music, too."""

    def piece(self, name: str, tempo_bpm: float, seed: int = 1, duration_s: float = 16.0, **more: bool) -> Path:
        piece = synth.compose(tempo_bpm, duration_s, seed, **more)
        return self.file(name, piece.samples, piece.rate)


@pytest.fixture
def studio(tmp_path: Path) -> PieceStudio:
    return PieceStudio(tmp_path)
