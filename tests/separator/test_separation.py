from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from demucs.api import Separator
from separation import Separation
from settings import Settings

from klio_core.errors import ConfigError, EmptyAudio
from tests.separator.models import SOURCES, FixedShares

SHARES = {"model": "shares", "trusted": ("tests.separator.models.FixedShares",)}


def separation(repo: Path, **settings: object) -> Separation:
    both = {"repo": repo, "trusted": SHARES["trusted"], "device": "cpu", **settings}
    return Separation(Settings.model_validate(both))


def test_stems_are_those_of_demucs_itself(repo: Path, song: np.ndarray):
    import torch

    made = separation(repo, model="small")(song)

    _, theirs = Separator(model="small", repo=repo, device="cpu", shifts=0).separate_tensor(torch.from_numpy(song.T))
    assert list(made) == SOURCES
    for name, stem in made.items():
        assert stem.shape == song.shape
        assert np.abs(stem - theirs[name].numpy().T).max() < 1e-5


@pytest.mark.parametrize("frames", [2, 4_410, 88_200, 441_000])
def test_shares_of_a_song_are_its_stems_and_their_sum_is_the_song(repo: Path, song: np.ndarray, frames: int):
    made = separation(repo, **SHARES)(song[:frames])

    for name, share in zip(SOURCES, FixedShares.shares, strict=True):
        # Demucs takes the mean off before the model, and adds it to each stem afterwards.
        mean = song[:frames].mean()
        np.testing.assert_allclose(made[name], (song[:frames] - mean) * share + mean, atol=1e-5)
    assert sum(FixedShares.shares) == 1.0


def test_silence_has_silent_stems(repo: Path):
    made = separation(repo, model="small")(np.zeros((44_100, 2), np.float32))

    assert max(float(np.abs(stem).max()) for stem in made.values()) < 1e-6


def test_a_song_of_one_frame_is_an_error(repo: Path):
    with pytest.raises(EmptyAudio):
        separation(repo, **SHARES)(np.ones((1, 2), np.float32))


def test_two_stems_are_one_and_all_others(repo: Path, song: np.ndarray):
    four = separation(repo, model="small")(song)
    two = separation(repo, model="small", two_stems="vocals")(song)

    assert list(two) == ["vocals", "no_vocals"]
    np.testing.assert_allclose(two["vocals"], four["vocals"], atol=1e-6)
    np.testing.assert_allclose(two["no_vocals"], four["drums"] + four["bass"] + four["other"], atol=1e-5)


@pytest.mark.parametrize(("model", "shifts", "told"), [("small", 0, 2), ("small", 2, 4), ("small-bag", 1, 2)])
def test_progress_only_grows_and_ends_at_the_end(repo: Path, song: np.ndarray, model: str, shifts: int, told: int):
    shares: list[float] = []
    separation(repo, model=model, shifts=shifts)(song, shares.append)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) >= told


def test_what_progress_raises_ends_the_work(repo: Path, song: np.ndarray):
    shares: list[float] = []

    def told(share: float) -> None:
        shares.append(share)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        separation(repo, model="small")(song, told)
    assert len(shares) == 1


@pytest.mark.parametrize(
    ("settings", "where", "got"),
    [
        ({"model": "small", "two_stems": "violin"}, "job_config.two_stems", "violin"),
        ({"model": "small", "segment": 9}, "job_config.segment", "9"),
    ],
)
def test_what_the_model_cannot_do_is_said_before_it_works(
    repo: Path, settings: dict[str, object], where: str, got: str
):
    with pytest.raises(ConfigError) as caught:
        separation(repo, **settings)

    assert (caught.value.where, caught.value.got) == (where, got)


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"shifts": -1}, "job_config.shifts"),
        ({"overlap": 1}, "job_config.overlap"),
        ({"bitrate": 99}, "job_config.bitrate"),
    ],
)
def test_a_wrong_setting_is_said_by_its_name(said: dict[str, object], where: str):
    class JobConfig:
        def as_dict(self) -> dict[str, object]:
            return {"events": {}, **said}

    with pytest.raises(ConfigError) as caught:
        Settings.of(JobConfig())

    assert caught.value.where == where
