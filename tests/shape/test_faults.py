"""What the page of faults promises is held by tests that exist: every row has its number, every number its tests."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.docs.pages import ROOT, blocks
from tests.shape.source import functions, modules

PAGE = "docs/reference/faults.md"
CASES = range(1, 31)


def rows() -> list[int]:
    return [int(number) for number in re.findall(r"^\| (\d+) \|", (ROOT / PAGE).read_text(), re.MULTILINE)]


def held() -> dict[int, list[str]]:
    """The tests by the number of what they hold."""
    (block,) = blocks(PAGE, "text")
    found: dict[int, list[str]] = {}
    for line in block.text.splitlines():
        number, test = line[:4].strip(), line[4:]
        if number:
            found[int(number)] = []
        found[max(found)].append(test)
    return found


def test_every_case_is_one_row_of_the_page() -> None:
    assert sorted(rows()) == list(CASES)


def test_every_case_has_a_test() -> None:
    tests = held()

    assert list(tests) == list(CASES)
    assert all(tests.values())
    assert [
        test for test, times in Counter(test for named in tests.values() for test in named).items() if times > 1
    ] == []


@pytest.mark.parametrize("number", CASES)
def test_the_tests_of_a_case_exist(number: int) -> None:
    known = {f"{module.path}::{node.name}" for module in modules("tests") for node in functions(module)}

    assert [test for test in held()[number] if test not in known] == []
