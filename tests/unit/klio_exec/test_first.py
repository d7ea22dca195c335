from __future__ import annotations

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from klio_exec.first import First


def test_all_inputs_together_let_so_many_messages_through():
    def three_of_all(found: list[int]) -> None:
        assert len(found) == 3

    first = First(3)
    with beam.Pipeline(FnApiRunner()) as pipeline:
        one = pipeline | "one" >> beam.Create([1, 2]) | "first of one" >> beam.ParDo(first)
        two = pipeline | "two" >> beam.Create([3, 4, 5]) | "first of two" >> beam.ParDo(first)
        assert_that((one, two) | beam.Flatten(), three_of_all)


def test_another_limit_counts_for_itself():
    assert [number for limit in (First(1), First(2)) for number in (1, 2) for _ in limit.process(number)] == [1, 1, 2]
