"""What is asked of an author's DoFns before the first element comes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from klio.transforms import decorators
from klio_core.errors import JobCodeError
from klio_exec import contract

HERE = Path(__file__).parent


class Good(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        yield data


class WithSideInput(beam.DoFn):
    @decorators.handle_klio
    def process(self, data, rate, *, of="x"):
        yield data


class WithBeamsOwn(beam.DoFn):
    def process(self, data, timestamp=beam.DoFn.TimestampParam):
        return [data]


class WithContext(beam.DoFn):
    @decorators.handle_klio
    @decorators.inject_klio_context
    def process(self, context, data):
        yield data


class OnlyContext(beam.DoFn):
    @decorators.inject_klio_context
    def process(self, context, data):
        yield data


def tuples(func: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(func)
    def with_one_more(self: Any, data: Any) -> Any:
        return [func(self, data, 1)]

    return with_one_more


class UnderAnother(beam.DoFn):
    @tuples
    def process(self, data, one):
        return f"{data}"


class TakesNothing(beam.DoFn):
    @decorators.handle_klio
    def process(self):
        yield self


class WantsContext(beam.DoFn):
    @decorators.handle_klio
    @decorators.inject_klio_context
    def process(self, data):
        yield data


class Returns(beam.DoFn):
    def process(self, data):
        if not data:
            return []
        return data


def line_of(text: str) -> int:
    """The number of the one line of this file that is that."""
    (number,) = (at for at, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line == text)
    return number


def check(*transforms: beam.PTransform) -> None:
    pipeline = beam.Pipeline()
    events = pipeline | beam.Create([b"a"])
    for number, transform in enumerate(transforms):
        events = events | str(number) >> transform
    contract.check(pipeline, HERE)


@pytest.mark.parametrize("dofn", [Good, WithBeamsOwn, WithContext, OnlyContext, UnderAnother])
def test_a_dofn_that_beam_can_work_with_passes(dofn: type[beam.DoFn]):
    check(beam.ParDo(dofn()), beam.Map(len), beam.FlatMap(lambda size: [size]), beam.combiners.Count.Globally())


def test_side_inputs_are_counted():
    check(beam.ParDo(WithSideInput(), 44_100), beam.ParDo(WithSideInput(), rate=44_100, of="y"))

    with pytest.raises(JobCodeError) as caught:
        check(beam.ParDo(WithSideInput()))

    line = line_of('    def process(self, data, rate, *, of="x"):')
    assert str(caught.value) == (
        "WithSideInput.process() does not take what it is given\n"
        f"  at: {__file__}:{line}\n"
        '      def process(self, data, rate, *, of="x"):\n'
        "  expected: def process(self, data): …\n"
        "  got: process(self, data, rate, *, of='x'): missing a required argument: 'rate'"
    )


def test_a_side_input_that_nobody_takes_is_told():
    with pytest.raises(JobCodeError) as caught:
        check(beam.ParDo(Good(), 44_100, rate=1))

    assert caught.value.expected == "def process(self, data, side_input_0, rate): …"
    assert caught.value.got == "process(self, data): too many positional arguments"


@pytest.mark.parametrize(
    ("dofn", "expected"),
    [(TakesNothing, "def process(self, data): …"), (WantsContext, "def process(self, context, data): …")],
)
def test_a_process_that_cannot_be_called_is_told_at_its_line(dofn: type[beam.DoFn], expected: str):
    with pytest.raises(JobCodeError) as caught:
        check(beam.ParDo(dofn()))

    assert caught.value.expected == expected
    assert str(caught.value.where).startswith(f"{__file__}:")


def test_a_plain_process_that_returns_its_element_is_told_at_the_return():
    with pytest.raises(JobCodeError) as caught:
        check(beam.ParDo(Returns()))

    assert str(caught.value) == (
        "Returns.process() returns one thing, where Beam wants something to iterate over\n"
        f"  at: {__file__}:{line_of('        return data')}\n"
        "      return data\n"
        "  to do: `yield data`"
    )


def test_what_is_not_the_authors_is_not_looked_at(tmp_path: Path):
    pipeline = beam.Pipeline()
    _ = pipeline | beam.Create([b"a"]) | beam.ParDo(Returns())

    contract.check(pipeline, tmp_path)
