"""Every snippet of the pages runs, parses, or is a command that exists."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import click
import pytest
import yaml

from klio_cli.app import klio
from klio_cli.new_job.job import NewJob
from klio_core.config import parse
from tests.docs.pages import ROOT, Block, all_blocks, blocks, pages

LANGUAGES = {"python", "yaml", "console", "text", "json", "sh", "bash"}
FILE = re.compile(r"# (?:\w+/)?(\w+\.py)$", re.MULTILINE)  # the first line of a block that is a job's file
DIRECTIVES = re.compile(r"\{[a-z-]+\}")


def named(block: Block) -> str:
    return block.place


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page, "python")])
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: str, tmp_path: Path, pubsub_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from klio.context import bind, current

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_host)
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "automixer"))  # the pages show its code
    monkeypatch.syspath_prepend(str(tmp_path))  # and the files of jobs of their own
    before, loaded = current(), set(sys.modules)
    names: dict[str, object] = {"__name__": "snippet"}
    try:
        for block in blocks(page, "python", "yaml"):
            if block.language == "yaml":
                Path("klio-job.yaml").write_text(block.text)
            else:
                if shown := FILE.match(block.text):
                    Path(shown[1]).write_text(block.text)
                exec(compile("\n" * block.line + block.text, str(ROOT / page), "exec"), names)
    finally:
        bind(before)
        for name in {name for name in set(sys.modules) - loaded if _is_below(name, ROOT / "examples", tmp_path)}:
            del sys.modules[name]


def _is_below(module: str, *directories: Path) -> bool:
    path = getattr(sys.modules[module], "__file__", None) or ""
    return any(path.startswith(str(directory)) for directory in directories)


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=named)
def test_yaml_is_a_job_file_that_holds(block: Block) -> None:
    if "job_name:" in block.text:
        parse(block.text, block.place)
    else:
        assert yaml.safe_load(block.text) is not None


def commands() -> list[tuple[str, str]]:
    """Every `klio …` line of every block, with its place."""
    lines = [(block, line.strip().removeprefix("$ ")) for block in all_blocks() for line in block.text.splitlines()]
    return [(block.place, line) for block, line in lines if re.match(r"klio [a-z]+ [a-z]", line)]


@pytest.mark.parametrize(("place", "line"), commands())
def test_every_command_that_is_shown_exists_with_its_options(place: str, line: str) -> None:
    arguments = shlex.split(line, comments=True)[1:]
    command: click.Command = klio
    context = click.Context(klio, info_name="klio")
    while isinstance(command, click.Group):
        name = arguments.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{place}: no command {name}: {line}"
        command = found

    command.make_context(command.name, arguments, parent=context)  # a UsageError says what is wrong


@pytest.mark.parametrize("block", all_blocks(), ids=named)
def test_every_block_says_what_it_is_in_a_language_that_these_tests_know(block: Block) -> None:
    assert block.language in LANGUAGES or DIRECTIVES.match(block.language)


def test_the_tutorial_shows_the_file_that_job_create_makes() -> None:
    (shown,) = blocks("docs/tutorial.md", "python")

    assert shown.text in NewJob("hello", "klio-local").files()["transforms.py"]


LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", pages())
def test_links_lead_to_files_that_are_there(page: str) -> None:
    text = (ROOT / page).read_text()

    assert [link for link in LINK.findall(text) if not ((ROOT / page).parent / link).exists()] == []
