"""Event outputs: where a job's messages go, as Beam transforms that take encoded messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

from klio.context import KlioContext
from klio.events import pubsub
from klio.events.avro import KlioWriteToAvro
from klio.events.bigquery import KlioWriteToBigQuery, row_of
from klio.events.custom import WriteByAuthor
from klio.events.lines import TOGETHER, WriteLines
from klio.events.text import KlioWriteToText
from klio.events.topics import KlioWriteToPubSub
from klio_core.dead_letter import Failure
from klio_core.errors import BadPayload, MessageError
from klio_core.message import Message
from klio_core.status import State


def write_events(done: Sequence[tuple[str, State, Any]], entry: Any | None, context: KlioContext, label: str) -> None:
    """Write each PCollection of `done`, a label with it and the state its elements have come to, to an event output.

    Without an output (`entry` None) the elements are recorded as done, and that is all. Pub/Sub gets a writer for
    each collection: flattened, they would wait for each other. Raises JobCodeError where a class of the author's
    does not do.
    """
    if entry is None or entry.type == "pubsub":
        for name, state, part in done:
            leave = Leave(context, state, None) if entry is None else Publish(context, state, entry)
            part | f"{label}: {name}" >> beam.ParDo(leave)
        return
    leaving = [
        part | f"{label}: {name} leave" >> beam.ParDo(_leave(part, state, entry, context)) for name, state, part in done
    ]
    tuple(leaving) | f"{label}: together" >> beam.Flatten() | label >> _WRITERS[entry.type](entry)


def _leave(part: Any, state: State, entry: Any, context: KlioContext) -> Leave:
    if entry.type == "bq":
        return LeaveAsRow(context, state, entry)
    if entry.type == "file":
        alike = entry.num_shards <= 1 and isinstance(part.windowing.windowfn, GlobalWindows)
        return LeaveAsLines(context, state, entry, TOGETHER if alike else 1)
    return Leave(context, state, entry)


class Leave(beam.DoFn):
    """Takes what was only for this job off each message, and records that its element is done."""

    def __init__(self, context: KlioContext, state: State, entry: Any | None) -> None:
        self._context = context
        self._state = state
        self._keep_payload = bool(entry is not None and entry.keep_payload)

    def process(self, raw: bytes) -> Iterator[bytes]:
        """Yield the message as it leaves the job."""
        message = self._arrived(raw)
        self._context.status.tell(message.element, self._state, _reason(message))
        yield self._leaving(message)

    def _leaving(self, message: Message) -> bytes:
        return message.leaving(keep_payload=self._keep_payload).encode()

    def _arrived(self, raw: bytes) -> Message:
        try:
            return Message.decode(raw)
        except (MessageError, TypeError) as error:
            raise BadPayload(
                "run() returned something that is no message",
                expected="the PCollection of a transform under @handle_klio, or the bytes that came in",
                got=f"{type(raw).__name__}: {raw!r:.80}",
                todo="end run() with a DoFn under @handle_klio that yields `data`",
            ) from error


class Publish(Leave):
    """Publishes each message at once and waits for all of a bundle before the bundle ends.

    Beam, and with it the acknowledgement of the events that came in, goes on only when the service has every message.
    """

    def __init__(self, context: KlioContext, state: State, entry: Any) -> None:
        super().__init__(context, state, entry)
        self._topic = entry.topic

    def start_bundle(self) -> None:
        """Begin with nothing sent."""
        self._sent: list[tuple[Message, Future[str]]] = []

    def process(self, raw: bytes) -> Iterator[bytes]:
        """Send one message on its way; nothing comes after. One that is too large becomes a dead letter."""
        message = self._arrived(raw)
        try:
            self._sent.append((message, pubsub.publish(self._topic, self._leaving(message))))
        except BadPayload as error:
            self._context.bury(raw, message.element, Failure.of(error))
        return iter(())

    def finish_bundle(self) -> None:
        """Wait for the service, then record the elements as done."""
        pubsub.wait_for(self._topic, [future for _, future in self._sent])
        self._context.metrics.counter("kmsg-write", transform=KlioWriteToPubSub.__name__).inc(len(self._sent))
        for message, _ in self._sent:
            self._context.status.tell(message.element, self._state, _reason(message))
        self._sent = []


class LeaveAsLines(Leave):
    """Lets messages go as the lines of their elements, up to `together` of them at once, joined.

    The lines of a bundle go on in the one window that there is, so events with another one must go one by one.
    """

    def __init__(self, context: KlioContext, state: State, entry: Any, together: int) -> None:
        super().__init__(context, state, entry)
        self._together = together
        self._between = b"\n" if entry.append_trailing_newlines else b""

    def start_bundle(self) -> None:
        """Begin with no line."""
        self._lines: list[bytes] = []

    def process(self, raw: bytes) -> Iterator[bytes]:
        """Yield the lines when there are many."""
        message = self._arrived(raw)
        self._context.status.tell(message.element, self._state, _reason(message))
        self._lines.append(message.element)
        return iter((self._joined(),) if len(self._lines) >= self._together else ())

    def finish_bundle(self) -> Iterator[Any]:
        """Yield what is left."""
        if self._lines:
            yield GlobalWindows.windowed_value(self._joined())

    def _joined(self) -> bytes:
        lines, self._lines = self._lines, []
        self._context.metrics.counter("kmsg-write", transform=KlioWriteToText.__name__).inc(len(lines))
        return self._between.join(lines)


class LeaveAsRow(Leave):
    """Lets messages go whose payload is a row; one that is none becomes a dead letter.

    A message that was passed on round the author's code has no payload: its row was written when its output was made.
    """

    def process(self, raw: bytes) -> Iterator[bytes]:
        """Yield the message with its payload."""
        message = self._arrived(raw)
        if self._state is not State.PASSED_ON:
            try:
                row_of(message)
            except BadPayload as error:
                self._context.bury(raw, message.element, Failure.of(error))
                return
            yield message.leaving(keep_payload=True).encode()
        self._context.status.tell(message.element, self._state, _reason(message))


def _reason(message: Message) -> str:
    return message.decided.reason if message.decided else ""


def _file(entry: Any) -> beam.PTransform:
    return WriteLines(**entry.to_io_kwargs())


def _avro(entry: Any) -> beam.PTransform:
    return KlioWriteToAvro(**entry.to_io_kwargs())


def _bigquery(entry: Any) -> beam.PTransform:
    return KlioWriteToBigQuery(**entry.to_io_kwargs())


def _custom(entry: Any) -> beam.PTransform:
    return WriteByAuthor(entry.class_, entry.options)


_WRITERS: dict[str, Callable[[Any], beam.PTransform]] = {
    "file": _file,
    "avro": _avro,
    "bq": _bigquery,
    "custom": _custom,
}
