"""The media of a job in a test: its data inputs and outputs in memory, and its files by their names."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from klio.data.locate import path_of
from klio.data.store import Generation, Store
from klio.data.stores import store_of
from klio_core.config import Data, KlioConfig, MemoryDataInput, MemoryDataOutput
from klio_core.errors import UsageError


def in_memory(config: KlioConfig) -> KlioConfig:
    """Answer the job with all its media in memory, in places that nobody else has.

    One that declares no data input, or no output, has one that klio's rules do not look at.
    """
    place = f"memory://{uuid.uuid4().hex}"
    data = config.job_config.data
    kept = {"name", "file_suffix", "verify", "skip_klio_existence_check"}
    inputs = [
        MemoryDataInput(location=f"{place}/in/{number}", **entry.model_dump(include=kept | {"split", "ping"}))
        for number, entry in enumerate(data.inputs)
    ]
    outputs = [
        MemoryDataOutput(location=f"{place}/out/{number}", **entry.model_dump(include=kept | {"force"}))
        for number, entry in enumerate(data.outputs)
    ]
    there = Data(
        inputs=tuple(inputs) or (MemoryDataInput(location=f"{place}/in/0", skip_klio_existence_check=True),),
        outputs=tuple(outputs) or (MemoryDataOutput(location=f"{place}/out/0", skip_klio_existence_check=True),),
    )
    return with_data(config, there)


def with_data(config: KlioConfig, data: Data) -> KlioConfig:
    """Answer the job with other data inputs and outputs."""
    return config.model_copy(update={"job_config": config.job_config.model_copy(update={"data": data})})


def put(entries: Sequence[Any], files: Mapping[str, bytes]) -> None:
    """Put files where the job file says. Raises UsageError for a name that says none of several places."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "file"
        for name, content in files.items():
            entry, element = _place(entries, name)
            source.write_bytes(content)
            store_of(entry).commit(source, path_of(entry.location, element.encode(), entry.file_suffix), expect=None)


def generations(entries: Sequence[Any]) -> dict[str, Generation]:
    """Answer what is where the job file says: which writing of each path."""
    return {path: store.generation(path) for _, store, path in _all(entries)}


def files(entries: Sequence[Any], since: Mapping[str, Generation] | None = None) -> dict[str, bytes]:
    """Answer the files that are where the job file says, by the names of a test: all, or those written `since`."""
    found = {}
    for name, store, path in _all(entries):
        if since is None or since.get(path) != store.generation(path):
            with store.open(path) as file:
                found[name] = file.read()
    return found


def _all(entries: Sequence[Any]) -> Iterator[tuple[str, Store, str]]:
    for number, entry in enumerate(entries):
        store, before = store_of(entry), f"{entry.location.rstrip('/')}/"
        for path in store.paths(before):
            if not path.endswith(entry.file_suffix):
                continue  # another entry's, in the same place
            name = path.removeprefix(before).removesuffix(entry.file_suffix)
            yield name if len(entries) == 1 else f"{_named(number, entry)}/{name}", store, path


def _place(entries: Sequence[Any], name: str) -> tuple[Any, str]:
    """Answer which entry a file belongs to, and its name there."""
    if len(entries) == 1:
        return entries[0], name
    said, _, element = name.partition("/")
    for number, entry in enumerate(entries):
        if element and said == _named(number, entry):
            return entry, element
    names = [f"{_named(number, entry)}/…" for number, entry in enumerate(entries)]
    raise UsageError(
        "the job has several places for files, and this name says none of them",
        expected=f"a name that begins with one of: {', '.join(names)}",
        got=repr(name),
    )


def _named(number: int, entry: Any) -> str:
    return str(entry.name or number)
