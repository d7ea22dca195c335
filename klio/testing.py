"""A job's world inside a test: one DoFn or function, one element, its files in memory."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext, bind
from klio.data.locate import path_of
from klio.data.stores import store_for
from klio.transforms.policy import free_of_policy
from klio_core.config import Data, KlioConfig, MemoryDataInput, MemoryDataOutput, parse
from klio_core.message import Message


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one element: the messages that left, by the output they left by, and the files that were made."""

    messages: list[Message]
    tagged: dict[str, list[Message]]
    outputs: dict[str, bytes]

    @property
    def elements(self) -> list[bytes]:
        """The elements of the messages that left by the main output."""
        return [message.element for message in self.messages]

    @property
    def payloads(self) -> list[bytes]:
        """Their payloads, which the next transform would see."""
        return [message.payload for message in self.messages]


def run_one(
    code: Any,
    element: str | bytes,
    *,
    payload: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    config: KlioConfig | str | None = None,
) -> Result:
    r"""Run a DoFn, or a function under `@handle_klio`, on one element.

    `files` are what the data input holds: names without location and suffix, and their bytes. The files that the
    code uploads are `Result.outputs`, named the same way. `config`, a job file's text or value, is what the code sees
    as its job; its data locations are replaced by memory. Nothing is decided, nothing is buried: what the code raises
    is raised here. It runs once, in this process, whatever `retry`, `timeout_s` and `isolation` the job file has::

        result = run_one(HelloKlio(), "klio")
        assert result.elements == [b"klio"]
        assert result.outputs == {"klio": b"Hello, klio!\n"}
    """
    place = f"memory://{uuid.uuid4().hex}"
    job = _in_memory(parse(config) if isinstance(config, str) else config or parse(_PLAIN), place)
    message = Message.of(element.encode() if isinstance(element, str) else element, payload=payload)
    data = job.job_config.data
    _put(data.inputs[0], files or {})
    context = KlioContext(job, raises=True)
    free_of_policy(context)
    with _bound(context):
        values = _values(code, message.encode())
    messages: list[Message] = []
    tagged: dict[str, list[Message]] = {}
    for value in values:
        tag = value.tag if isinstance(value, TaggedOutput) else None
        to = messages if tag is None else tagged.setdefault(tag, [])
        to.append(Message.decode(value if tag is None else value.value))
    return Result(messages, tagged, _files(data.outputs))


_PLAIN = "job_name: test\njob_config: {}\n"


def _in_memory(config: KlioConfig, place: str) -> KlioConfig:
    data = config.job_config.data
    kept = {"name", "file_suffix", "split", "verify"}
    inputs = [
        MemoryDataInput(location=f"{place}/in/{number}", **entry.model_dump(include=kept))
        for number, entry in enumerate(data.inputs)
    ]
    outputs = [
        MemoryDataOutput(location=f"{place}/out/{number}", **entry.model_dump(include=kept - {"split"}))
        for number, entry in enumerate(data.outputs)
    ]
    there = Data(
        inputs=tuple(inputs) or (MemoryDataInput(location=f"{place}/in/0"),),
        outputs=tuple(outputs) or (MemoryDataOutput(location=f"{place}/out/0"),),
    )
    return config.model_copy(update={"job_config": config.job_config.model_copy(update={"data": there})})


def _put(entry: Any, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name, content in files.items():
            source = Path(directory) / "file"
            source.write_bytes(content)
            path = path_of(entry.location, name.encode(), entry.file_suffix)
            store_for(entry.location).commit(source, path, expect=None)


def _files(entries: Any) -> dict[str, bytes]:
    found = {}
    for entry in entries:
        store = store_for(entry.location)
        for path in store.paths(entry.location + "/"):
            name = path.removeprefix(entry.location + "/").removesuffix(entry.file_suffix)
            with store.open(path) as file:
                found[name] = file.read()
    return found


@contextmanager
def _bound(context: KlioContext) -> Iterator[None]:
    before = bind(context)
    try:
        yield
    finally:
        bind(before)


def _values(code: Any, raw: bytes) -> list[Any]:
    if not isinstance(code, beam.DoFn):
        result: Any = code(raw)
        return result if isinstance(result, list) else [result]
    code.setup()
    try:
        code.start_bundle()
        values = list(code.process(raw) or ())
        code.finish_bundle()
    finally:
        code.teardown()
    return values
