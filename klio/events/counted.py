"""Counts what is read and written: `kmsg-read` and `kmsg-write`, under the name of the transform that did it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam

from klio.context import current

Convert = Callable[[Any], Iterable[Any]]


class Counted(beam.DoFn):
    """Converts each item and counts what comes of it: nothing, one, or several."""

    def __init__(self, transform: beam.PTransform, metric: str, convert: Convert) -> None:
        self._context = current()  # it travels inside what Beam pickles
        self._transform = type(transform).__name__
        self._metric = metric
        self._convert = convert

    def setup(self) -> None:
        """Find the counter."""
        self._counter = self._context.metrics.counter(self._metric, transform=self._transform)

    def process(self, item: Any) -> Iterator[Any]:
        """Yield what the item becomes."""
        number = 0
        for made in self._convert(item):
            number += 1
            yield made
        self._counter.inc(number)


def counted_read(transform: beam.PTransform, convert: Convert) -> Any:
    """Answer the last step of a reader."""
    return "Count kmsg-read" >> beam.ParDo(Counted(transform, "kmsg-read", convert))


def counted_write(transform: beam.PTransform, convert: Convert) -> Any:
    """Answer the first step of a writer."""
    return "Count kmsg-write" >> beam.ParDo(Counted(transform, "kmsg-write", convert))


def unchanged(item: Any) -> tuple[Any]:
    """Convert nothing."""
    return (item,)
