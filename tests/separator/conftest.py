from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.separator.models import FixedShares

SEPARATE = Path(__file__).parents[2] / "examples" / "separator" / "separate"
MIX = SEPARATE.parent / "mix"
sys.path[:0] = [str(SEPARATE), str(MIX), str(SEPARATE.parent)]  # as klio and `python serve.py` have it
torch.set_num_threads(1)

import small_model  # noqa: E402 - needs the path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take longest, or in the end one process waits for the other."""
    items.sort(key=lambda item: -_longest(item))


def _longest(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0


@pytest.fixture(scope="session")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of weights: a small model of the real architecture, and one whose answer is known."""
    directory = tmp_path_factory.mktemp("repo")
    small_model.save(small_model.htdemucs(), directory, "small")
    small_model.save(FixedShares(), directory, "shares")
    return directory


@pytest.fixture(scope="session")
def song() -> np.ndarray:
    """Ten seconds of noise and a tone, (frames, 2), at 44.1 kHz."""
    noise = np.random.default_rng(7).standard_normal((441_000, 2)) * 0.1
    tone = 0.2 * np.sin(2 * np.pi * 110 / 44_100 * np.arange(441_000))
    return (noise + tone[:, None]).astype(np.float32)


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real ffmpeg, on the PATH under that name."""
    from imageio_ffmpeg import get_ffmpeg_exe

    link = tmp_path / "bin" / "ffmpeg"
    link.parent.mkdir()
    link.symlink_to(get_ffmpeg_exe())
    monkeypatch.setenv("PATH", f"{link.parent}:{os.environ['PATH']}")
    return link
