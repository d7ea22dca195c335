"""Where files of events lie: a location, a name, or both; and what klio raises where there is neither."""

from __future__ import annotations

import os
from pathlib import Path

from apache_beam.io.filesystems import FileSystems

from klio_core.errors import JobCodeError


class BaseKlioIOException(JobCodeError):
    """A transform that reads or writes events cannot be what it was asked to be."""


class KlioMissingConfiguration(BaseKlioIOException):
    """A transform that reads or writes events was not told where."""


def place_of(location: str | None, name: str | None, *, name_is: str) -> str:
    """Answer where files are: `name` below `location`, or the one that is given.

    `name_is` is what the transform calls its `name`. Raises KlioMissingConfiguration where both are missing.
    """
    if location and name:
        return os.path.join(location, name)  # noqa: PTH118  (a location may be gs://…, which is no Path)
    if not location and not name:
        raise KlioMissingConfiguration(
            f"no {name_is} and no location",
            expected=f"{name_is}, location, or both: then they are joined",
            todo="say where the events are",
        )
    return location or name or ""


def make_directory(prefix: str) -> None:
    """Make the directory of this machine that a prefix of files ends in.

    Beam makes the directories above a file's name, and here the name is empty.
    """
    if prefix.endswith("/") and "://" not in prefix:
        Path(prefix).mkdir(parents=True, exist_ok=True)


def files_in(pattern: str) -> str:
    """Answer the pattern as Beam takes it: a directory of this machine stands for all files in it."""
    directory = "://" not in pattern and os.path.isdir(pattern)  # noqa: PTH112  (see place_of)
    return FileSystems.join(pattern, "*") if directory else pattern
