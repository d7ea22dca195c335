"""The reference is whole: every command, option, key, field and exit status is on its page, with its meaning."""

from __future__ import annotations

import re

import click
import pytest

from docs._ext import commands, tables
from klio_cli import app
from klio_core.dead_letter import DeadLetter
from klio_core.decision import Action
from klio_core.status import State, Status
from tests.docs.pages import Block, all_blocks, blocks

PAGES = {context.command_path: (context, text) for context, text in commands.command_pages()}
MEANINGS = [block for block in all_blocks() if block.language.startswith("{meanings}")]


def described_paths(*pages: str) -> set[str]:
    return {path for block in MEANINGS if block.page in pages for path in block.language.split()[1:]}


@pytest.mark.parametrize("path", PAGES)
def test_every_command_and_every_option_says_what_it_does(path: str) -> None:
    context, text = PAGES[path]
    options = [one for one in context.command.params if isinstance(one, click.Option) and not one.hidden]

    assert context.command.help, f"{path} has no help"
    assert [option.opts for option in options if not option.help] == []
    assert [option.opts for option in options if not all(name in text for name in option.opts)] == []


def test_the_page_of_the_command_line_holds_all_commands() -> None:
    assert [block.language for block in blocks("docs/reference/cli.md")] == ["{klio-commands}"]
    assert {"klio job run", "klio message publish", "klio local up"} <= set(PAGES)


@pytest.mark.parametrize("block", MEANINGS, ids=lambda block: block.language.split(".")[-1])
def test_every_name_of_a_table_has_its_meaning_and_no_other_has(block: Block) -> None:
    _, paths = block.language.split(maxsplit=1)

    assert tables.described(paths, block.text).count("\n") >= 2


def test_every_section_of_a_job_file_is_on_its_page() -> None:
    expected = {f"{section.__module__}.{section.__name__}" for section in tables.sections()}

    assert described_paths("docs/reference/klio-job.md") == expected


@pytest.mark.parametrize("thing", [Status, State, DeadLetter, Action])
def test_every_record_and_verdict_is_on_a_page(thing: type) -> None:
    assert f"{thing.__module__}.{thing.__name__}" in described_paths(
        "docs/reference/records.md", "docs/concepts/decision.md"
    )


def test_every_exit_status_is_on_its_page() -> None:
    page = (tables.ROOT / "docs" / "reference" / "errors.md").read_text()
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    raised = {error.exit_code for error in tables.error_kinds()}

    assert listed == raised | {0, app.BUG, app.INTERRUPTED, app.TERMINATED}


def test_a_key_without_a_meaning_and_a_meaning_without_a_key_are_errors() -> None:
    with pytest.raises(ValueError, match="nothing says what these mean: location"):
        tables.described("klio_core.config.schema.events.FileRecords", "type: this type")
    with pytest.raises(ValueError, match="these do not exist: place"):
        tables.described("klio_core.config.schema.events.FileRecords", "type: this\nlocation: a\nplace: b")
