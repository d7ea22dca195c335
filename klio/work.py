"""One element's work: its temporary directory, the media it reads and the media it makes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from klio.data.locate import path_of
from klio.data.scratch import scratch_directory
from klio.data.store import ABSENT, Generation, Store, lost_lease
from klio.data.stores import store_of
from klio_core.errors import JobCodeError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """A file that waits to become an output: of the data output with this number, at this path."""

    local: Path
    number: int
    path: str
    expect: Generation


class Work:
    """The media of one element while the author's code works on it.

    Downloads and what is made live in one temporary directory, which is removed when the work has ended, however it
    ended. `commit` makes outputs of all that was made, at the end and not before. What an output was when the work
    began is remembered, so that a worker that lost its lease cannot replace what another one made meanwhile. `absent`
    are outputs that the gate did not find: whoever has made them since, theirs stays.
    """

    __slots__ = ("_directory", "_expected", "_inputs", "_made", "_outputs", "_within", "element")

    def __init__(
        self,
        element: bytes,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        within: Path | None = None,
        absent: Iterable[str] = (),
    ) -> None:
        self.element = element
        self._inputs = inputs
        self._outputs = outputs
        self._within = within  # the directory of temporary directories; None is this process's
        self._directory: Path | None = None
        self._expected: dict[str, Generation] = dict.fromkeys(absent, ABSENT) if absent else {}
        self._made: dict[str, Made] = {}

    def download(self, name: str | bytes, source: int | str = 0) -> Path:
        """Answer a local copy of the file `name` of a data input, by its number or name in the job file.

        Raises DataNotFound where there is none, BadElement where `name` cannot be a path.
        """
        data = self._inputs[_pick(self._inputs, source, "inputs")]
        path = path_of(data.location, _element(name), data.file_suffix)
        self.expect_outputs()
        local = self._place("in", path)
        store_of(data).download(path, local)
        return local

    @contextmanager
    def upload(self, name: str | bytes, target: int | str = 0) -> Iterator[Path]:
        """Answer a local path to write to. When the block ends well, `commit` will make the file the data output.

        Of two blocks for one output the later counts. Raises JobCodeError where the block wrote nothing.
        """
        number = _pick(self._outputs, target, "outputs")
        data = self._outputs[number]
        path = path_of(data.location, _element(name), data.file_suffix)
        if path not in self._expected:
            self._expected[path] = store_of(data).generation(path)
        local = self._place("out", path)
        yield local
        if not local.exists():
            raise JobCodeError("upload: the block ended, and no file was written", where=str(local), expected=path)
        self._made[path] = Made(local, number, path, self._expected[path])

    def start_over(self) -> None:
        """Forget what was made so far: the attempt that made it has failed."""
        self._made.clear()

    def hand_over(self) -> list[Made]:
        """Answer what was made, for the work of another process to adopt: the files are its own from here on."""
        made, self._made = list(self._made.values()), {}
        if made:
            self._directory = None
        return made

    def adopt(self, made: Iterable[Made]) -> None:
        """Take over what the work of another process has made. What was expected here before goes on to be."""
        theirs = set()
        for one in made:
            theirs.add(one.local.parent.parent)
            local = self._place("out", one.path)
            shutil.move(one.local, local)
            self._expected.setdefault(one.path, one.expect)
            self._made[one.path] = replace(one, local=local, expect=self._expected[one.path])
        for directory in theirs:  # with downloads in it, and what did not become an output
            shutil.rmtree(directory, ignore_errors=True)

    def commit(self) -> None:
        """Make outputs of all files that were made, the element's own last: "it exists" is said of all or none.

        Each file appears whole. Before the first one, all are compared with what was there when the work began.
        Raises LostLease where another worker made one of them meanwhile: what this one has not yet written it then
        never writes. Raises DataError; what was written by then stays, and the next attempt replaces it.
        """
        made = sorted(self._made.values(), key=self._turn)
        if len(made) > 1:
            self._compare(made)
        for one in made:
            self._store(one).commit(one.local, one.path, expect=one.expect)
        self._made.clear()

    def committed(self, results: Iterable[T]) -> Iterable[T]:
        """Answer the results of the author's code, which runs to its end and is committed before the first is seen.

        A job without data outputs has nothing to commit: its results come as they are made.
        """
        if not self._outputs:
            return results
        waiting = list(results)
        self.commit()
        return waiting

    def close(self) -> None:
        """Remove the temporary directory."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def expect_outputs(self) -> None:
        """Remember what the element's outputs are now, as what a commit may replace. Raises BadElement, DataError."""
        for data in self._outputs:
            path = path_of(data.location, self.element, data.file_suffix)
            if path not in self._expected:
                self._expected[path] = store_of(data).generation(path)

    def _compare(self, made: Iterable[Made]) -> None:
        for one in made:
            found = self._store(one).generation(one.path)
            if found != one.expect:
                raise lost_lease(one.path, one.expect, found)

    def _store(self, made: Made) -> Store:
        return store_of(self._outputs[made.number])

    def _turn(self, made: Made) -> int:
        """Answer when a file is written: first those that no gate looks for, then the element's own in their order."""
        looked_for = [
            path_of(data.location, self.element, data.file_suffix)
            for data in self._outputs
            if not data.skip_klio_existence_check
        ]
        return looked_for.index(made.path) + 1 if made.path in looked_for else 0

    def _place(self, side: str, path: str) -> Path:
        if self._directory is None:
            within = self._within
            new = scratch_directory("work-") if within is None else Path(tempfile.mkdtemp(prefix="work-", dir=within))
            self._directory = new
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


def _pick(entries: Sequence[Any], which: int | str, side: str) -> int:
    for number, entry in enumerate(entries):
        if which in (number, entry.name):
            return number
    raise JobCodeError(
        f"the job has no data {side[:-1]} {which!r}",
        where=f"job_config.data.{side}",
        expected=f"one of {[entry.name or number for number, entry in enumerate(entries)]}",
        todo=f"declare it in klio-job.yaml under job_config.data.{side}",
    )
