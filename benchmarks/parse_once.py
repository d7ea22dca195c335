"""How a message goes from one handled transform to the next: four ways, ten transforms, then a Reshuffle.

Each transform looks at the message's element and hands the message on as author's code does: every second one with a
new payload, the others as it is.

bytes           each transform parses and serialises
remembered      the same, and the newest message is remembered with its bytes (klio's way)
subclass        a subclass of bytes that holds its message, with a coder of its own
value           the message itself, with a coder of its own; nothing is bytes but what crosses a Reshuffle

Between two transforms the author's own code may map the bytes: with `value` it would get no bytes, with `subclass`
Beam has to be told of the coder at every such step, else the pipeline fails or falls back to pickle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.coders import Coder, registry
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from benchmarks.clock import medians
from benchmarks.handled import messages
from benchmarks.table import Row, check
from klio_core.message import Message
from klio_core.proto import klio_pb2

STEPS = 10


class Held(bytes):
    """Bytes with their message."""

    message: Message


class HeldCoder(Coder):
    def encode(self, value: Held) -> bytes:
        return bytes(value)

    def decode(self, encoded: bytes) -> Held:
        return held(parsed(encoded))

    def is_deterministic(self) -> bool:
        return True


class MessageCoder(Coder):
    def encode(self, value: Message) -> bytes:
        return value.encode()

    def decode(self, encoded: bytes) -> Message:
        return parsed(encoded)

    def is_deterministic(self) -> bool:
        return True


def parsed(raw: bytes) -> Message:
    return Message(klio_pb2.KlioMessage.FromString(raw))


def held(message: Message) -> Held:
    value = Held(message.encode())
    value.message = message
    return value


def by_bytes(raw: bytes, *, changed: bool) -> bytes:
    return _next(parsed(raw), changed=changed).encode()


def by_remembering(raw: bytes, *, changed: bool) -> bytes:
    return _next(Message.decode(raw), changed=changed).encode()


def by_subclass(raw: Held, *, changed: bool) -> Held:
    return held(_next(raw.message, changed=changed)) if changed else raw


def by_value(message: Message, *, changed: bool) -> Message:
    return _next(message, changed=changed)


WAYS: dict[str, tuple[type, Callable[[bytes], Any], Callable[..., Any]]] = {
    "bytes": (bytes, bytes, by_bytes),
    "remembered": (bytes, bytes, by_remembering),
    "subclass": (Held, lambda raw: held(parsed(raw)), by_subclass),
    "value": (Message, parsed, by_value),
}


class Step(beam.DoFn):
    def __init__(self, way: str, *, changed: bool) -> None:
        self._way = way
        self._changed = changed

    def process(self, item: Any) -> Iterator[Any]:
        yield WAYS[self._way][2](item, changed=self._changed)


class First(beam.DoFn):
    def __init__(self, way: str, count: int) -> None:
        self._way = way
        self._count = count

    def process(self, _impulse: bytes) -> Iterator[Any]:
        enter = WAYS[self._way][1]
        for raw in messages(self._count):
            yield enter(raw)


def run(way: str, count: int, steps: int) -> int:
    """Answer how many messages came out, with the payload that all steps together make."""
    kind = WAYS[way][0]
    pipeline = beam.Pipeline(runner=FnApiRunner())
    item = pipeline | beam.Impulse() | beam.ParDo(First(way, count)).with_output_types(kind)
    for number in range(steps):
        item = item | f"Step {number}" >> beam.ParDo(Step(way, changed=number % 2 == 0)).with_output_types(kind)
    item | beam.Reshuffle() | beam.Map(partial(_counted, steps))
    counters = pipeline.run().metrics().query()["counters"]
    return sum(one.committed for one in counters if one.key.metric.name == "right")


def rows(*, short: bool) -> list[Row]:
    count, repeats = (200, 1) if short else (10_000, 3)
    messages(count)
    registry.register_coder(Held, HeldCoder)
    registry.register_coder(Message, MessageCoder)
    found = []
    for way in WAYS:
        check(run(way, count, STEPS) == count, f"{way}: {count} messages come out with all payloads")
    works = {f"{way} {steps}": partial(run, way, count, steps) for way in WAYS for steps in (0, STEPS)}
    taken = medians(works, repeats)
    for way in WAYS:
        each = (taken[f"{way} {STEPS}"] - taken[f"{way} 0"]) / STEPS / count * 1e6
        found.append(Row(f"CPU to hand a message on, by {way}", "", f"{each:.1f} µs"))
    return found


def _next(message: Message, *, changed: bool) -> Message:
    return message.with_data(message.element, message.payload + b"x" * changed)


def _counted(steps: int, item: Any) -> None:
    message = item if isinstance(item, Message) else parsed(bytes(item))
    if message.payload == b"x" * (steps // 2):
        beam.metrics.Metrics.counter("bench", "right").inc()
