from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from klio_core.errors import UsageError
from klio_core.invocation import Invocation
from klio_core.profiling import Profiling, What

WORDS = some.text("aB1 -=ü./", min_size=1).filter(lambda word: word != "--")
PATHS = some.none() | some.builds(Path, WORDS)
JOBS = some.builds(
    Invocation, job_dir=some.builds(Path, WORDS), override=some.tuples(WORDS.map("a={}".format)), local=some.booleans()
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    some.builds(
        Profiling,
        what=some.just(What.CPU),
        elements=some.lists(WORDS, min_size=1).map(tuple),
        job=JOBS,
        input_file=PATHS,
        output_file=PATHS,
        iterations=some.none() | some.integers(1, 99),
        html=PATHS,
        keep_outputs=some.booleans(),
    )
)
def test_what_is_written_as_arguments_is_read_back(asked):
    assert Profiling.parse(asked.argv()) == asked


def test_elements_may_stand_anywhere_among_the_options():
    asked = Profiling.parse(["cpu", "a", "--local", "b", "-n", "3", "--", "-c"])

    assert (asked.elements, asked.job.local, asked.times) == (("a", "b", "-c"), True, 3)


def test_timeit_works_ten_times_on_each_element_unless_told_otherwise():
    assert [Profiling(what, ("a",)).times for what in (What.TIMEIT, What.CPU)] == [10, 1]
    assert Profiling(What.TIMEIT, ("a",), iterations=2).times == 2


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["cpu"], "no element to work on\n  to do: name elements, or -i FILE with one in each line"),
        (["cpu", "a", "-n", "0"], "-n: less than once is not possible\n  got: 0"),
        (["cpu", "a", "--interval", "0"], "--interval: only more than 0 is possible\n  got: 0.0"),
        (["cpu", "a", "--htlm", "x"], "klioexec profile: unrecognized arguments: --htlm"),
        (["heat", "a"], "klioexec profile: argument what: invalid choice: 'heat'"),
    ],
)
def test_what_cannot_be_profiled_is_refused(argv, said):
    with pytest.raises(UsageError) as caught:
        Profiling.parse(argv)

    assert str(caught.value).startswith(said)


def test_what_a_profile_does_not_take_is_refused_by_its_name():
    with pytest.raises(UsageError, match=r"^a profile of timeit takes no --html$"):
        Profiling.parse(["timeit", "a", "--html", "x"])
