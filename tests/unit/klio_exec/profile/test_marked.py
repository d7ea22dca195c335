from __future__ import annotations

import pytest

from klio_exec.profile.marked import Stopwatch


def test_each_call_of_a_marked_function_is_timed_a_failing_one_too():
    stopwatch = Stopwatch()

    @stopwatch
    def half(number):
        return 1 / number

    assert half(2) == 0.5
    with pytest.raises(ZeroDivisionError):
        half(0)
    ((name, calls),) = stopwatch.calls.items()
    assert (name.rpartition(".")[2], len(calls), min(calls) > 0) == ("half", 2, True)


def test_a_generator_counts_once_when_it_has_ended_and_stays_a_generator():
    stopwatch = Stopwatch()

    @stopwatch
    def count(to):
        yield from range(to)

    values = count(3)
    first = next(values)
    (calls,) = stopwatch.calls.values()
    assert (first, len(calls)) == (0, 0)
    assert (list(values), len(calls)) == ([1, 2], 1)
