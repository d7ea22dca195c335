"""A store that fails on purpose: media that does not come, comes broken, or cannot be written."""

from __future__ import annotations

import io
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from klio.data.store import Committed, Generation
from klio.data.stores import store_for
from klio.testing.media import with_data
from klio_core.config import CustomDataInput, CustomDataOutput, Data, KlioConfig
from klio_core.errors import DataCorrupted, DataError, DiskFull
from klio_core.faults import DELETE, DOWNLOAD, LIST, LOOK, UPLOAD, Faults, Kind, of_store

T = TypeVar("T")
_CLASS = "klio.testing.FaultyStore"
_BROKEN = "the connection broke in the middle, on purpose"
_REFUSALS = {
    Kind.UNAVAILABLE: "503, on purpose: the service is unavailable",
    Kind.BUSY: "429, on purpose: there are too many requests",
    Kind.DENIED: "403, on purpose: the account may not do this",
}


class FaultyStore:
    """The store of each path, by its scheme, and what `faults` says goes wrong with it.

    They are in the words of `klio local up --fault`, of `objects.…` alone, and two more: `truncated@objects.download`
    gives the first half of a file as if it were all, and `full` is a disk without room, for downloads and uploads.
    Each operation is counted from the first on, so `unavailable@objects.download,nth=2` fails the second download, and
    `slow@objects.upload,10%,seed=7` the same ones each time. What `corrupt` makes of a file is found by its checksum,
    as in a run: DataCorrupted. Pickled, a store begins to count anew. Raises UsageError for what is no such fault.

    A job file may name it, to try a whole job::

        {type: custom, class: klio.testing.FaultyStore, location: gs://bucket, faults: ["full@objects.upload,nth=1"]}
    """

    def __init__(self, faults: Sequence[str] = (), run: str = "") -> None:
        self._said = (tuple(faults), run)  # in one process, the stores of another `run` have counts of their own
        self._faults = Faults(of_store(faults))

    def exists(self, paths: Sequence[str]) -> list[bool]:
        """Answer as the store does; all of one call are one operation."""
        return self._asked(LOOK, paths[0], lambda: store_for(paths[0]).exists(paths)) if paths else []

    def intact(self, paths: Sequence[str]) -> list[bool]:
        """Answer as the store does; all of one call are one operation."""
        return self._asked(LOOK, paths[0], lambda: store_for(paths[0]).intact(paths)) if paths else []

    def open(self, path: str) -> BinaryIO:
        """Open an object, or the half of it that is left."""
        is_cut = self._comes_truncated(path)
        with store_for(path).open(path) as file:
            content = file.read()
        return io.BytesIO(content[: len(content) // 2] if is_cut else content)

    def download(self, path: str, to: Path) -> None:
        """Copy an object, or the half of it that is left."""
        is_cut = self._comes_truncated(path)
        store_for(path).download(path, to)
        if is_cut:
            os.truncate(to, to.stat().st_size // 2)

    def commit(self, source: Path, path: str, *, expect: Generation | None) -> Committed:
        """Commit, and perhaps do not say so; or fail before anything is there."""
        return self._asked(UPLOAD, path, lambda: store_for(path).commit(source, path, expect=expect))

    def generation(self, path: str) -> Generation:
        """Answer as the store does."""
        return self._asked(LOOK, path, lambda: store_for(path).generation(path))

    def paths(self, prefix: str) -> Iterator[str]:
        """Answer as the store does."""
        yield from self._asked(LIST, prefix, lambda: list(store_for(prefix).paths(prefix)))

    def delete(self, path: str) -> None:
        """Remove the object, and perhaps do not say so."""
        self._asked(DELETE, path, lambda: store_for(path).delete(path))

    def __reduce__(self) -> tuple[Any, ...]:
        return FaultyStore, self._said

    def _asked(self, operation: str, path: str, ask: Callable[[], T]) -> T:
        """Answer what a store does, unless it does not, or nobody hears of it."""
        kind = self._befall(operation, path)
        if kind is Kind.CUT:
            raise _failed(path, _BROKEN)
        answer = ask()
        if kind is Kind.LOST_REPLY:
            raise _failed(path, "it was done, and the reply is lost, on purpose")
        return answer

    def _comes_truncated(self, path: str) -> bool:
        """Whether only half of an object is to come. Raises what befalls a download in another way."""
        kind = self._befall(DOWNLOAD, path)
        if kind is Kind.CORRUPT:
            raise DataCorrupted(
                "what arrives is not what the store announced", where=path, got="bytes, on purpose wrong"
            )
        if kind in {Kind.CUT, Kind.LOST_REPLY}:
            raise _failed(path, _BROKEN)
        return kind is Kind.TRUNCATED

    def _befall(self, operation: str, path: str) -> Kind | None:
        """Do what befalls an operation before it begins. Answers the kind of a fault that befalls it later."""
        fault = self._faults.next(operation)
        if fault is None:
            return None
        if fault.kind in _REFUSALS:
            raise _failed(path, _REFUSALS[fault.kind])
        if fault.kind is Kind.FULL:
            raise DiskFull("the disk is full", where=path, got="no room, on purpose", todo="free some space")
        if fault.kind is Kind.SLOW:
            time.sleep(fault.seconds)
        return fault.kind


def with_faults(config: KlioConfig, faults: Sequence[str]) -> KlioConfig:
    """Answer the job with its media in the same places, kept by one store that has these faults, from the first on.

    Raises UsageError for what is no such fault.
    """
    of_store(faults)
    data = config.job_config.data
    store = {"type": "custom", "class": _CLASS, "faults": list(faults), "run": uuid.uuid4().hex}
    said = Data(
        inputs=tuple(CustomDataInput.model_validate(entry.model_dump() | store) for entry in data.inputs),
        outputs=tuple(CustomDataOutput.model_validate(entry.model_dump() | store) for entry in data.outputs),
    )
    return with_data(config, said)


def _failed(path: str, got: str) -> DataError:
    return DataError("the store did not do what it was asked", where=path, got=got, todo="the work is tried again")
