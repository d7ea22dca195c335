"""One element's work: its temporary directory, the media it reads and the media it makes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from klio.data.locate import path_of
from klio.data.stores import store_of
from klio_core.errors import JobCodeError


class Work:
    """The media of one element while the author's code works on it.

    Downloads and outputs in the making live in one temporary directory, which is removed when the work has ended,
    however it ended. What an output was when the work began is remembered, so that a worker that lost its lease
    cannot replace what another one made meanwhile.
    """

    __slots__ = ("_directory", "_expected", "_inputs", "_outputs", "_within", "element")

    def __init__(
        self, element: bytes, inputs: Sequence[Any], outputs: Sequence[Any], within: Path | None = None
    ) -> None:
        self.element = element
        self._inputs = inputs
        self._outputs = outputs
        self._within = within  # the directory of temporary directories; None is the machine's
        self._directory: Path | None = None
        self._expected: dict[str, Any] = {}

    def download(self, name: str | bytes, source: int | str = 0) -> Path:
        """Answer a local copy of the file `name` of a data input, by its number or name in the job file.

        Raises DataNotFound where there is none, BadElement where `name` cannot be a path.
        """
        data = _pick(self._inputs, source, "inputs")
        path = path_of(data.location, _element(name), data.file_suffix)
        self._expect_outputs()
        local = self._place("in", path)
        store_of(data).download(path, local)
        return local

    @contextmanager
    def upload(self, name: str | bytes, target: int | str = 0) -> Iterator[Path]:
        """Answer a local path to write to. When the block ends well, the file becomes the data output, whole.

        Raises JobCodeError where the block wrote nothing, LostLease where another worker made the output meanwhile.
        """
        data = _pick(self._outputs, target, "outputs")
        path = path_of(data.location, _element(name), data.file_suffix)
        store = store_of(data)
        expected = self._expected[path] if path in self._expected else store.generation(path)
        local = self._place("out", path)
        yield local
        if not local.exists():
            raise JobCodeError("upload: the block ended, and no file was written", where=str(local), expected=path)
        store.commit(local, path, expect=expected)
        local.unlink()

    def close(self) -> None:
        """Remove the temporary directory."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def _expect_outputs(self) -> None:
        if self._expected:
            return
        for data in self._outputs:
            path = path_of(data.location, self.element, data.file_suffix)
            self._expected[path] = store_of(data).generation(path)

    def _place(self, side: str, path: str) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="klio-", dir=self._within))
        place = self._directory / side
        place.mkdir(exist_ok=True)
        base = Path(path).name
        taken = place / base
        number = 1
        while taken.exists():  # two inputs may share a base name
            number += 1
            taken = place / f"{number}-{base}"
        return taken


def _element(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name


def _pick(entries: Sequence[Any], which: int | str, side: str) -> Any:
    for number, entry in enumerate(entries):
        if which in (number, entry.name):
            return entry
    raise JobCodeError(
        f"the job has no data {side[:-1]} {which!r}",
        where=f"job_config.data.{side}",
        expected=f"one of {[entry.name or number for number, entry in enumerate(entries)]}",
        todo=f"declare it in klio-job.yaml under job_config.data.{side}",
    )
