"""Load a Demucs model, from a directory of weights or from where Demucs publishes its own.

`python weights.py MODEL` fetches one of those, once for this machine.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from demucs.apply import BagOfModels
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from demucs.pretrained import get_model
from demucs.repo import AnyModelRepo, BagOnlyRepo, LocalRepo, ModelLoadingError, check_checksum
from demucs.states import load_model

from klio_core.errors import ConfigError

_CHECKSUM = "-"  # between the name and the first digits of the file's SHA-256


def load(model: str, repo: Path | None, trusted: Sequence[str] = ()) -> Any:
    """Answer a model of Demucs, ready to work: a network, or a bag of them.

    With `repo`, a directory of files `NAME-CHECKSUM.th` and of bags, `NAME.yaml`. These files are pickles: whoever
    wrote one decides what happens when it is read. So a file without a checksum in its name is refused, one whose
    checksum does not fit is not read, and neither is one that names anything but numbers, Demucs' models and the
    `trusted` classes, by their dotted paths. Without `repo`, the model is fetched from where Demucs publishes it, once
    for each machine.

    Raises ConfigError where there is no such directory, no such model in it, or no network.
    """
    try:
        if repo is None:
            return get_model(model)
        _check_directory(repo)
        files = _Checked(repo, trusted)
        return AnyModelRepo(files, BagOnlyRepo(repo, files)).get_model(model).eval()
    except ModelLoadingError as error:
        raise _cannot_load(model, repo, error) from error
    except OSError as error:
        raise ConfigError(
            f"the model {model} cannot be fetched",
            where="job_config.model",
            got=f"{type(error).__name__}: {error}",
            todo="copy its files into a directory, and name that as job_config.repo",
        ) from error


def parts(model: Any) -> list[Any]:
    """Answer the networks of a model: one, or those of a bag."""
    return list(model.models) if isinstance(model, BagOfModels) else [model]


class _Checked(LocalRepo):
    """A directory of weights whose files are checked as they are read, once."""

    def __init__(self, root: Path, trusted: Sequence[str]) -> None:
        super().__init__(root)
        self._trusted = trusted

    def get_model(self, sig: str) -> Any:
        """Answer the network of that name. Raises ModelLoadingError, or ConfigError for what is no network."""
        file = self.list_model().get(sig)
        if file is None:
            raise ModelLoadingError(f"no file of the network {sig}")
        return load_model(_content(Path(file), self._trusted))


def _check_directory(repo: Path) -> None:
    # Demucs ends the process where the directory is missing, and reads files without a checksum.
    if not repo.is_dir():
        raise ConfigError(
            "there is no such directory of models",
            where="job_config.repo",
            got=str(repo),
            todo="copy the model's .th and .yaml files there",
        )
    unsigned = sorted(file.name for file in repo.glob("*.th") if _CHECKSUM not in file.stem)
    if unsigned:
        digest = sha256((repo / unsigned[0]).read_bytes()).hexdigest()[:8]
        named = f"{Path(unsigned[0]).stem}{_CHECKSUM}{digest}.th"
        raise ConfigError(
            "a file of weights has no checksum in its name, and reading it may run anything",
            where=str(repo / unsigned[0]),
            expected="NAME-CHECKSUM.th, as Demucs publishes them",
            todo=f"if you know who made it, rename it to {named}",
        )


def _content(file: Path, trusted: Sequence[str]) -> dict[str, Any]:
    check_checksum(file, file.stem.rsplit(_CHECKSUM, 1)[1])
    known = [Fraction, Demucs, HDemucs, HTDemucs, *map(_class, trusted)]
    try:
        with torch.serialization.safe_globals(known), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files that no Demucs wrote: they are refused, or not
            content: dict[str, Any] = torch.load(file, "cpu", weights_only=True)
            return content
    except (UnpicklingError, RuntimeError) as error:
        raise ConfigError(
            "a file of weights holds more than weights, and reading it may run anything",
            where=str(file),
            got=_why(error),
            todo="take it away; or, if you know who made it, name its class in job_config.trusted",
        ) from error


def _why(error: Exception) -> str:
    """Answer what torch found, without what it advises."""
    _, _, found = str(error).partition("WeightsUnpickler error: ")
    return (found or str(error)).splitlines()[0]


def _class(path: str) -> type:
    module, _, name = path.rpartition(".")
    found: type = getattr(importlib.import_module(module), name)
    return found


def _cannot_load(model: str, repo: Path | None, error: Exception) -> ConfigError:
    names = sorted(file.stem for file in repo.glob("*.yaml")) if repo else []
    names += sorted(file.stem.rsplit(_CHECKSUM, 1)[0] for file in repo.glob("*.th")) if repo else []
    return ConfigError(
        f"the model {model} cannot be loaded",
        where=str(repo) if repo else "job_config.model",
        expected=f"one of {', '.join(names)}" if names else "a model that Demucs publishes: htdemucs, htdemucs_ft, …",
        got=str(error),
        todo="`python -m demucs --list-models` lists those it knows" if not repo else "name one that is there",
    )


if __name__ == "__main__":
    try:
        load(sys.argv[1], None)
    except ConfigError as refused:
        sys.exit(str(refused))
