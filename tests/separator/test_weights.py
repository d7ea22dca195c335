from __future__ import annotations

import hashlib
import pickle
import shutil
from pathlib import Path

import pytest
import small_model
import torch
import weights

from klio_core.errors import ConfigError
from tests.separator.models import FixedShares


def refused(model: str, repo: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        weights.load(model, repo)
    return caught.value


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A directory of weights that a test may spoil."""
    small_model.save(small_model.htdemucs(), tmp_path / "repo", "small")
    return tmp_path / "repo"


@pytest.mark.parametrize("name", ["small", "small-bag"])
def test_a_model_is_loaded_by_its_name_or_that_of_its_bag(own: Path, name: str):
    (network,) = weights.parts(weights.load(name, own))

    wanted = small_model.htdemucs().state_dict()
    assert all(torch.equal(value, wanted[key]) for key, value in network.state_dict().items())


def test_a_directory_that_is_not_there_is_an_error_and_not_the_end_of_the_process(tmp_path: Path):
    error = refused("small", tmp_path / "nowhere")

    assert (error.what, error.got) == ("there is no such directory of models", str(tmp_path / "nowhere"))


def test_a_model_that_is_not_there_is_an_error_with_those_that_are(own: Path):
    assert refused("large", own).expected == "one of small-bag, small"


def test_a_file_that_was_changed_is_not_read(own: Path):
    (file,) = own.glob("*.th")
    file.write_bytes(file.read_bytes() + b"!")

    assert "Invalid checksum" in refused("small", own).got


def test_a_file_without_a_checksum_is_not_read(own: Path):
    (file,) = own.glob("*.th")
    name = file.name
    file.rename(own / "small.th")

    assert refused("small", own).todo == f"if you know who made it, rename it to {name}"


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (shutil.rmtree, ("/nowhere-at-all",))


def test_a_file_that_would_run_something_is_not_read(own: Path):
    content = pickle.dumps(Evil())
    (own / f"evil-{hashlib.sha256(content).hexdigest()[:8]}.th").write_bytes(content)

    error = refused("evil", own)
    assert error.what == "a file of weights holds more than weights, and reading it may run anything"


def test_a_class_of_ones_own_is_trusted_by_its_name(own: Path):
    small_model.save(FixedShares(), own, "shares")

    assert "FixedShares" in refused("shares", own).got
    assert weights.load("shares", own, ("tests.separator.models.FixedShares",)).samplerate == 44_100
