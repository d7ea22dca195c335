"""What cannot travel to a worker, and where it comes from."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from klio_core.errors import JobCodeError
from klio_exec import unpicklable

HERE = Path(__file__).parent


class Holds(beam.DoFn):
    def __init__(self):
        self.size: int = 1
        self.open: Any = (n for n in range(3))

    def process(self, element):
        yield element


class Refuses:
    def __reduce__(self):
        raise ValueError("not me")


class HoldsWhatRefuses(beam.DoFn):
    def __init__(self):
        vars(self)["hidden"] = Refuses()

    def process(self, element):
        yield element


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    with socket.socket() as made:
        yield made


def blamed(draw: Callable[[Any], Any], job_dir: Path = HERE) -> JobCodeError:
    with pytest.raises(RuntimeError) as caught:
        draw(beam.Pipeline() | beam.Create([b"a"]))
    found = unpicklable.blamed(caught.value, job_dir)
    assert found is not None
    return found


def test_an_attribute_is_shown_at_the_line_that_makes_it():
    error = blamed(lambda events: events | beam.ParDo(Holds()))

    source = Path(__file__).read_text().splitlines()
    line = source.index("        self.open: Any = (n for n in range(3))") + 1
    assert str(error) == (
        "the job's code cannot be sent to a worker\n"
        f"  at: {__file__}:{line}\n"
        "      self.open: Any = (n for n in range(3))\n"
        "  expected: attributes and variables that can be pickled\n"
        "  got: a generator in self.open: cannot pickle 'generator' object\n"
        "  to do: make it in setup(), which each worker calls before its first element"
    )


def test_an_attribute_that_no_line_names_is_shown_where_the_dofn_is_used():
    error = blamed(lambda events: events | beam.ParDo(HoldsWhatRefuses()))

    assert error.got == "a Refuses in self.hidden: not me"
    assert str(error.where).endswith("\n      error = blamed(lambda events: events | beam.ParDo(HoldsWhatRefuses()))")


def test_a_variable_of_a_function_is_called_by_its_name(connection: socket.socket):
    error = blamed(lambda events: events | beam.Map(lambda raw: connection.send(raw + b"!")))

    assert str(error.got).startswith("a socket in connection: cannot pickle 'socket' object")
    assert str(error.where).startswith(f"{__file__}:")


def test_another_error_is_none_of_ours():
    def says(_events: Any) -> None:
        raise RuntimeError("Unable to pickle fn, says somebody else")

    with pytest.raises(RuntimeError) as caught:
        says(None)

    assert unpicklable.blamed(caught.value, HERE) is None
