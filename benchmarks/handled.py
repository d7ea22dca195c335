"""What @handle_klio adds to an element that the gate has let through, with all of klio's counters on.

The same graph each time: messages come out of one transform and go through the author's DoFn, which yields what it
got. The difference between two of them, divided by the messages, is what an element costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from benchmarks.clock import medians
from benchmarks.table import Row, check
from klio.context import KlioContext, bind
from klio.transforms.decorators import handle_klio
from klio_core.config import parse
from klio_core.message import Message

JOB = "job_name: bench\njob_config: {}\n"


class Plain(beam.DoFn):
    def process(self, raw: bytes) -> Iterator[bytes]:
        yield raw


class ParsedAndSerialised(beam.DoFn):
    def process(self, raw: bytes) -> Iterator[bytes]:
        yield Message.decode(raw).encode()


def wrapped(process: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    """As little as a decorator can do: a generator around a generator, that sees what is raised."""

    @wraps(process)
    def wrapper(self: Any, raw: bytes) -> Iterator[bytes]:
        try:
            yield from process(self, raw)
        except ValueError:
            return

    return wrapper


class Wrapped(beam.DoFn):
    @wrapped
    def process(self, raw: bytes) -> Iterator[bytes]:
        yield raw


class Handled(beam.DoFn):
    @handle_klio
    def process(self, data: Any) -> Iterator[Any]:
        yield data


class Paid(beam.DoFn):
    """Yields a payload that is a new one each time, so that the message is another one after it."""

    @handle_klio
    def process(self, data: Any) -> Iterator[Any]:
        yield data.payload + b"x"


@cache
def messages(count: int) -> list[bytes]:
    return [Message.of(b"artist-%d/track-%d" % (number % 100, number)).encode() for number in range(count)]


def run(count: int, *dofns: type[beam.DoFn]) -> Any:
    """Answer what Beam says of `count` messages that went through a chain of DoFns."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    step = pipeline | beam.Impulse() | beam.FlatMap(lambda _: messages(count))
    for number, dofn in enumerate(dofns):
        step = step | f"Step {number}" >> beam.ParDo(dofn())
    return pipeline.run()


def rows(*, short: bool) -> list[Row]:
    count, repeats = (2_000, 1) if short else (30_000, 7)
    bind(KlioContext(parse(JOB)))
    _check(count)
    chains = {
        "plain": (Plain,),
        "wrapped": (Wrapped,),
        "parsed": (ParsedAndSerialised,),
        "handled": (Handled,),
        "two": (Handled, Handled),
        "paid": (Paid,),
    }
    works = {name: lambda chain=chain: run(count, *chain) for name, chain in chains.items()}
    taken = {name: seconds / count * 1e6 for name, seconds in medians(works, repeats).items()}
    floor = f"{taken['wrapped'] - taken['plain']:.1f} µs as a decorator"
    codec = f"{taken['parsed'] - taken['plain']:.1f} µs to parse and serialise"
    return [
        Row("CPU of @handle_klio for an element", "≤ 6 µs", f"{taken['handled'] - taken['plain']:.1f} µs", floor),
        Row("the same, with a new payload", "", f"{taken['paid'] - taken['plain']:.1f} µs", codec),
        Row("a second one behind it", "≤ 6 µs", f"{taken['two'] - taken['handled']:.1f} µs"),
    ]


def _check(count: int) -> None:
    metrics = run(count, Handled).metrics().query()
    counted = {one.key.metric.name: one.committed for one in metrics["counters"]}
    timed = {one.key.metric.name: one.committed.count for one in metrics["distributions"]}
    check((counted["kmsg-received"], counted["kmsg-success"]) == (count, count), f"counted {counted}")
    check(timed["kmsg-timer"] == count, f"timed {timed}")
