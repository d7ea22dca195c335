"""The examples at the end of each command's --help."""

from __future__ import annotations

import shlex

import click
import pytest

from docs._ext.commands import command_pages
from klio_cli import examples
from tests.cli.conftest import Klio

COMMANDS = {
    context.command_path: context for context, _ in command_pages() if not isinstance(context.command, click.Group)
}


def shown(path: str) -> list[str]:
    return [line.strip() for line in examples.of(path).splitlines()[2:]]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_that_it_would_take(path: str) -> None:
    lines = shown(path)

    assert lines, f"{path} has no example: klio_cli/examples.py"
    for line in lines:
        said = line.split("  ")[0]
        if said.startswith("eval"):
            assert path in said
            continue
        assert said.startswith(path)
        arguments = shlex.split(said.removeprefix(path))
        COMMANDS[path].command.make_context(path, arguments)  # a UsageError says what is wrong


def test_no_example_is_of_a_command_that_is_gone() -> None:
    assert set(examples._EXAMPLES) - set(COMMANDS) == set()


@pytest.mark.parametrize("path", COMMANDS)
def test_examples_fit_a_terminal(path: str) -> None:
    assert [line for line in examples.of(path).splitlines() if len(line) > 78] == []


def test_the_help_ends_with_the_examples(klio: Klio) -> None:
    assert klio("local", "cp", "--help").out.endswith(
        "\n"
        "  Examples:\n"
        "    klio local cp a.mp3 b.mp3 gs://bucket/tracks/  into the store\n"
        "    klio local cp gs://bucket/mixes/ .             out of it\n"
    )
