"""Small pipelines around one reader or one writer, and what klio counted in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from klio_core.message import Message

Counts = dict[tuple[str, str], int]

# What the sinks of a pipeline in this process put here, by the number of the run.
_ARRIVED: list[list[bytes]] = []


class Keep(beam.DoFn):
    def __init__(self, run: int) -> None:
        self._run = run

    def process(self, raw: bytes) -> None:
        _ARRIVED[self._run].append(raw)


def messages_from(reader: beam.PTransform, **options: Any) -> tuple[list[Message], Counts]:
    """The messages that a reader answers, in the order of their elements."""
    _ARRIVED.append([])
    number = len(_ARRIVED) - 1
    counts = _run(lambda pipeline: pipeline | reader | beam.ParDo(Keep(number)), options)
    return sorted((Message.decode(raw) for raw in _ARRIVED[number]), key=lambda message: message.element), counts


def write(writer: beam.PTransform, raws: Sequence[bytes], **options: Any) -> Counts:
    """Have a writer write."""
    return _run(lambda pipeline: pipeline | beam.Create(raws) | writer, options)


def _run(draw: Any, options: dict[str, Any]) -> Counts:
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags=[], **options))
    draw(pipeline)
    result = pipeline.run()
    result.wait_until_finish()
    counters = result.metrics().query(beam.metrics.MetricsFilter())["counters"]
    found = {(one.key.metric.namespace, one.key.metric.name): one.committed for one in counters}
    return {key: count for key, count in found.items() if key[0].startswith("Klio")}
