"""One element through a job's code: a DoFn or a function, its files in memory, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext, bind
from klio.events.status import NoRecords, Recorder
from klio.gate import Gate
from klio.testing import media
from klio.testing.faulty import with_faults
from klio.testing.result import Result
from klio.testing.watched import watched
from klio.transforms.bind import Marked
from klio.transforms.policy import free_of_policy
from klio_core.config import KlioConfig, parse
from klio_core.dead_letter import Failure
from klio_core.decision import PROCESS, Action, Verdict
from klio_core.errors import JobCodeError, LostLease
from klio_core.message import Message
from klio_core.proto.klio_pb2 import KlioMessage


def run_one(
    code: Any,
    element: str | bytes | Message | KlioMessage,
    *,
    payload: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    made: Mapping[str, bytes] | None = None,
    config: KlioConfig | str | None = None,
    rules: bool = False,
    raises: bool = True,
    faults: Sequence[str] = (),
) -> Result:
    r"""Run a DoFn (the class, or one that was made), or a function under `@handle_klio`, on one element.

    `files` are what the data input holds: names without location and suffix, and their bytes. The files that the
    code uploads are `Result.outputs`, named the same way; `made` are outputs that are there before. Where the job has
    several data inputs or outputs, each name begins with that one's name or number in the job file: `stems/a`, `1/a`.
    `config`, a job file's text or value, is what the code sees as its job; its data locations are replaced by memory.
    A message in place of the element may ask for `force` or `ping`.

    `faults` are what goes wrong with the files, in the words of `FaultyStore`: `unavailable@objects.download,nth=2`.

    With `rules`, klio's rules come first, as in a run: what the message, `files` and `made` lead to is
    `Result.verdict`, and only what is to be processed reaches the code. Without, nothing is decided, and it does.
    What the code raises is raised here; with `raises=False` it is `Result.exception`, and the verdict says what would
    become of the message if it were not tried again. The code runs once, in this process, whatever `retry`,
    `timeout_s` and `isolation` the job file has. Raises JobCodeError for code that is not under `@handle_klio`,
    UsageError for a file that has no place, and for what is no fault::

        result = run_one(HelloKlio, "klio")
        assert result.elements == [b"klio"]
        assert result.outputs == {"klio": b"Hello, klio!\n"}
    """
    code = _checked(code() if isinstance(code, type) else code)
    job = parse(config) if isinstance(config, str) else config or parse(_PLAIN)
    job = media.in_memory(job)
    data = job.job_config.data
    with in_this_process(with_faults(job, faults) if faults else job) as context, watched() as seen:
        media.put(data.inputs, files or {})
        media.put(data.outputs, made or {})
        before = media.generations(data.outputs)
        error, verdict, values = _tried(code, _message(element, payload), context.gate if rules else None)
        outputs = media.files(data.outputs, since=before)
    if raises and error is not None:
        raise error
    return Result(*_sorted(values), outputs, verdict, error, seen.logs, seen.metrics)


@contextmanager
def in_this_process(job: KlioConfig) -> Iterator[KlioContext]:
    """Make `job` the job of this process while the block runs.

    It decides nothing, tries nothing again, tells nobody of its progress, and what code raises is raised.
    """
    context = KlioContext(job, raises=True)
    context.status = Recorder(job.job_name, NoRecords())
    free_of_policy(context)
    before = bind(context)
    try:
        yield context
    finally:
        bind(before)


_PLAIN = "job_name: test\njob_config: {}\n"


def _message(element: str | bytes | Message | KlioMessage, payload: bytes) -> Message:
    if isinstance(element, KlioMessage):
        return Message.decode(element.SerializeToString())
    if isinstance(element, Message):
        return element
    return Message.of(element.encode() if isinstance(element, str) else element, payload=payload)


def _checked(code: Any) -> Any:
    """Answer code that klio may call. Raises JobCodeError for any other."""
    called = type(code).process if isinstance(code, beam.DoFn) else code
    marks = called.marks if isinstance(called, Marked) else getattr(called, "klio_marks", None)
    if marks is not None and (marks.handle or marks.serialize):
        return code
    raise JobCodeError(
        f"{getattr(called, '__qualname__', repr(code))} is not under @handle_klio, so it takes no messages",
        expected="a beam.DoFn whose process is decorated, or a decorated function",
        todo="decorate it with @decorators.handle_klio, or call it by itself, without run_one",
    )


def _tried(code: Any, message: Message, gate: Gate | None) -> tuple[Exception | None, Verdict, list[Any]]:
    """Answer what was raised, what became of the message, and what left. Without a gate, the code gets it."""
    try:
        verdict = PROCESS if gate is None else _verdict(gate, message)
        if verdict.action is Action.PROCESS:
            return None, verdict, _values(code, message.encode())
        return None, verdict, [message.encode()] if verdict.action is Action.PASS_ON else []
    except Exception as error:  # noqa: BLE001  (the author's code may raise anything; the caller raises or shows it)
        return error, _verdict_on(error), []


def _verdict(gate: Gate, message: Message) -> Verdict:
    (found,) = gate.decide([message.encode()])
    if found.error is not None:
        raise found.error
    return found.verdict


def _verdict_on(error: Exception) -> Verdict:
    """Answer what becomes, in a run, of a message whose work raised."""
    if isinstance(error, LostLease):
        return Verdict(Action.DROP, error.reason)
    return Verdict(Action.DEAD_LETTER, Failure.of(error).reason)


def _values(code: Any, raw: bytes) -> list[Any]:
    if not isinstance(code, beam.DoFn):
        result: Any = code(raw)
        return result if isinstance(result, list) else [result]
    code.setup()
    try:
        code.start_bundle()
        values = list(code.process(raw) or ())
        values += [windowed.value for windowed in code.finish_bundle() or ()]
    finally:
        code.teardown()
    return values


def _sorted(values: Iterable[Any]) -> tuple[list[Message], dict[str, list[Message]]]:
    """Answer the messages of the main output, and those of the others by their tags."""
    messages: list[Message] = []
    tagged: dict[str, list[Message]] = {}
    for value in values:
        tag = value.tag if isinstance(value, TaggedOutput) else None
        to = messages if tag is None else tagged.setdefault(tag, [])
        to.append(Message.decode(value if tag is None else value.value))
    return messages, tagged
