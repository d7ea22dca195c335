"""How large files and functions may be, and what is never left lying about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from statistics import median, quantiles

import pytest

from tests.shape.source import EVERYTHING, HOUSE, Function, Module, functions, modules

FILE_MAX, FILE_MEDIAN = 400, 120
FUNCTION_MAX, FUNCTION_P90, FUNCTION_MEDIAN = 50, 20, 7
MOCKS_PER_TEST = 0.05
BROAD = {"Exception", "BaseException"}
# In two parts, so that this file does not find itself.
LEFT_LYING = re.compile("TO" + r"DO\b|FIX" + r"ME\b|\bXX" + r"X\b")
MOCKS = re.compile(r"\b(Magic|Async)?Mock\(|\bmocker\b|monkeypatch\.(setattr|delattr)\(|\bmock\.patch\b|@patch\b")


def test_no_file_is_longer_than_one_concern_needs() -> None:
    faults = [f"{m.path}: {len(m.lines)} lines" for m in modules(*EVERYTHING) if len(m.lines) > FILE_MAX]
    assert not faults, f"more than {FILE_MAX} lines, so more than one concern:\n" + "\n".join(faults)


def test_the_usual_file_is_short() -> None:
    assert median(len(module.lines) for module in modules(*HOUSE)) <= FILE_MEDIAN


def test_no_function_is_too_long_to_read_at_once() -> None:
    faults = [
        f"{module.at(node)} {node.name}: {code_lines(module, node)} lines"
        for module in modules(*HOUSE)
        for node in functions(module)
        if code_lines(module, node) > FUNCTION_MAX
    ]
    assert not faults, f"more than {FUNCTION_MAX} lines of code:\n" + "\n".join(faults)


def test_the_usual_function_is_short() -> None:
    lengths = [code_lines(module, node) for module in modules(*HOUSE) for node in functions(module)]

    assert median(lengths) <= FUNCTION_MEDIAN
    assert quantiles(lengths, n=10)[-1] <= FUNCTION_P90


def code_lines(module: Module, node: Function) -> int:
    """Lines from `def` to the end, without the docstring, comments and empty lines."""
    first = node.body[0]
    said = range(first.lineno, (first.end_lineno or first.lineno) + 1) if ast.get_docstring(node) is not None else ()
    numbered = enumerate(module.lines[node.lineno - 1 : node.end_lineno], start=node.lineno)
    return sum(1 for n, line in numbered if n not in said and line.strip() and not line.strip().startswith("#"))


def test_no_wish_is_left_in_the_code() -> None:
    faults = [
        f"{module.at(number)} {line.strip()}"
        for module in modules(*EVERYTHING)
        for number, line in enumerate(module.lines, start=1)
        if LEFT_LYING.search(line)
    ]
    assert not faults, "\n".join(faults)


def test_tests_hardly_ever_replace_a_part_by_a_puppet() -> None:
    tests = modules("tests")
    count = sum(node.name.startswith("test_") for module in tests for node in functions(module))
    found = [
        f"{module.at(number)} {line.strip()}"
        for module in tests
        if module.path.name != "test_size.py"
        for number, line in enumerate(module.lines, start=1)
        if MOCKS.search(line)
    ]
    assert len(found) <= MOCKS_PER_TEST * count, "a mock is a missing seam:\n" + "\n".join(found)


@pytest.mark.parametrize("root", EVERYTHING)
def test_whoever_catches_everything_raises_it_again_or_says_why_not(root: str) -> None:
    faults = [
        f"{module.at(handler)} catches everything: raise at its end, or give the reason on the same line"
        for module in modules(root)
        for handler in _broad(module)
        if not isinstance(handler.body[-1], ast.Raise) and "#" not in module.lines[handler.lineno - 1]
    ]
    assert not faults, "\n".join(faults)


def _broad(module: Module) -> Iterator[ast.ExceptHandler]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = {name.id for name in ast.walk(node.type or node) if isinstance(name, ast.Name)}
            if node.type is None or caught & BROAD:
                yield node
