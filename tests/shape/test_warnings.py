"""Warnings are errors, types are strict, and every exception from a rule has its reason beside it."""

from __future__ import annotations

import io
import re
import tokenize
import tomllib
from collections.abc import Iterator

import pytest

from tests.shape.source import EVERYTHING, HOUSE, ROOT, Module, modules

PYPROJECT = (ROOT / "pyproject.toml").read_text()
TOOLS = tomllib.loads(PYPROJECT)["tool"]
NOQA = re.compile(r"#\s*noqa\b(?P<codes>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(?P<reason>.*)", re.IGNORECASE)
IGNORE = re.compile(r"#\s*type:\s*ignore(?P<codes>\[[a-z-]+(?:,\s*[a-z-]+)*\])?")


def test_a_warning_fails_a_test() -> None:
    assert TOOLS["pytest"]["ini_options"]["filterwarnings"] == ["error"]
    assert TOOLS["pytest"]["ini_options"]["xfail_strict"] is True
    assert {"--strict-markers", "--strict-config"} <= set(TOOLS["pytest"]["ini_options"]["addopts"])


def test_a_warning_fails_the_documentation() -> None:
    assert "sphinx -W" in (ROOT / "Makefile").read_text()


def test_types_are_checked_strictly_in_all_packages() -> None:
    assert TOOLS["mypy"]["strict"] is True
    assert set(TOOLS["mypy"]["files"]) >= {"klio", "klio_core", "klio_cli", "klio_exec"}


@pytest.mark.parametrize("section", ["tool.ruff.lint", "tool.ruff.lint.per-file-ignores", "tool.ruff.lint.pylint"])
def test_every_rule_that_ruff_is_told_to_leave_out_has_its_reason(section: str) -> None:
    lines = _section(section)
    faults = [line for line in lines if _leaves_out(line) and "#" not in line]

    assert lines, f"no [{section}] in pyproject.toml"
    assert not faults, "no reason beside:\n" + "\n".join(faults)


def _leaves_out(line: str) -> bool:
    """A line with quoted rule codes that is not the list of what is selected, or a limit that is not ruff's own."""
    if line.strip().startswith(("select", '"ISC"', '"TC"')):
        return False
    return bool(re.search(r'"[A-Z]+\d*"', line) or re.match(r"max-", line))


def test_every_exception_from_strict_types_has_its_reason() -> None:
    blocks = [block for block in re.split(r"\n(?=\[)", PYPROJECT) if block.startswith("[[tool.mypy.overrides]]")]

    assert len(blocks) == len(TOOLS["mypy"]["overrides"])
    assert [block for block in blocks if "#" not in block] == []


def _section(name: str) -> list[str]:
    block = re.search(rf"^\[{re.escape(name)}\]\n(.*?)(?=^\[|\Z)", PYPROJECT, re.MULTILINE | re.DOTALL)
    return block[1].splitlines() if block else []


@pytest.mark.parametrize("root", EVERYTHING)
def test_every_noqa_names_its_rule_and_gives_its_reason(root: str) -> None:
    faults = [
        f"{module.at(line)} {comment}"
        for module in modules(root)
        for line, comment in _comments(module)
        if (found := NOQA.search(comment))
        and not (found["codes"] and len(re.findall(r"[A-Za-z]{2,}", found["reason"])) >= 2)
    ]
    assert not faults, "a noqa names its rule, and says why on the same line:\n" + "\n".join(faults)


@pytest.mark.parametrize("root", HOUSE)
def test_every_ignored_type_error_is_named(root: str) -> None:
    faults = [
        f"{module.at(line)} {comment}"
        for module in modules(root)
        for line, comment in _comments(module)
        if (found := IGNORE.search(comment)) and not found["codes"]
    ]
    assert not faults, "\n".join(faults)


def _comments(module: Module) -> Iterator[tuple[int, str]]:
    """The comments of a file: what only looks like one inside a text is none."""
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
