from __future__ import annotations

import ast

import pytest

from klio_core.author_code import Function, last_return, returned_element, takes, takes_at_least


def function(source: str) -> Function:
    (found,) = ast.parse(source).body
    assert isinstance(found, Function)
    return found


@pytest.mark.parametrize(
    ("arguments", "exactly_two", "two_or_more"),
    [
        ("a, b", True, True),
        ("a, b, c=1", True, True),
        ("a, b, c", False, True),
        ("a", False, False),
        ("*a", True, True),
        ("a, *, b", False, False),
        ("a, b, *, c", False, True),
        ("a, b, *, c=1", True, True),
        ("a, b, /", True, True),
    ],
)
def test_what_a_function_may_be_called_with(arguments: str, *, exactly_two: bool, two_or_more: bool):
    found = function(f"def f({arguments}): ...").args

    assert (takes(found, 2), takes_at_least(found, 2)) == (exactly_two, two_or_more)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return data", 2),
        ("if data:\n        return data\n    return []", 3),
        ("return 'text'", 2),
        ("return f'{data}'", 2),
        ("return [data]", None),
        ("return", None),
        ("return other", None),
        ("yield data\n    return data", None),
        ("def inner(data):\n        return data\n    return [inner(data)]", None),
        ("return (lambda data: data)", None),
    ],
)
def test_a_process_that_returns_its_element_is_found(body: str, line: int | None):
    found = returned_element(function(f"def process(self, data):\n    {body}"))

    assert (found.lineno if found else None) == line


def test_the_last_return_is_that_of_the_function_and_of_none_in_it():
    found = last_return(function("def run(a, b):\n    def f():\n        return 2\n    return 1\n"))

    assert found is not None
    assert found.lineno == 4
    assert last_return(function("def run(a, b): ...")) is None
