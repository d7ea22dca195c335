import pickle

import pytest

from klio_core.config import InvalidConfig, Place, Problem
from klio_core.config.problems import dotted, shown
from klio_core.errors import ConfigError


def test_problems_are_told_in_the_order_of_their_lines() -> None:
    error = InvalidConfig(
        "f", [Problem("b", Place("f", 9)), Problem("x", Place("override")), Problem("a", Place("f", 2))]
    )
    assert str(error) == "f cannot be used: 3 problems\nf:2: a\nf:9: b\noverride: x"


def test_a_problem_says_where_what_expected_got_and_to_do() -> None:
    problem = Problem("what", Place("f", 3), "a.b", "this", "that", "do it")
    assert str(problem) == "f:3: a.b: what\n  expected: this\n  got: that\n  to do: do it"


def test_it_is_a_config_error_and_travels_between_processes() -> None:
    error = InvalidConfig("f", [Problem("a", Place("f", 2))])
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, ConfigError)
    assert (str(copy), copy.problems, copy.exit_code) == (str(error), error.problems, 2)


def test_a_flood_of_problems_is_cut_short() -> None:
    error = InvalidConfig("f", [Problem("a", Place("f", line)) for line in range(1, 1001)])
    assert str(error).splitlines()[-2:] == ["f:50: a", "and 950 more"]
    assert len(error.problems) == 1000


def test_paths_are_written_as_overrides_write_them() -> None:
    assert dotted(("job_config", "events", "inputs", 0, "topic")) == "job_config.events.inputs[0].topic"
    assert dotted(("a", "b\nc", "k" * 90)) == f"a.'b\\nc'.'{'k' * 75}...'"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        ([], "an empty list"),
        ([1], "a list"),
        ("x", "'x'"),
        (5, "5"),
        ("y" * 100, f"'{'y' * 75}...'"),
    ],
)
def test_values_are_shown_on_one_short_line(value: object, text: str) -> None:
    assert shown(value) == text
