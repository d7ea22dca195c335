"""Every command of `klio`, read off the command itself: what its --help says, as Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from docs._ext.markdown import code, table
from klio_cli.app import klio


def command_pages(context: click.Context | None = None) -> Iterator[tuple[click.Context, str]]:
    """Yield every command of `klio` and its help as Markdown, groups before what they hold."""
    context = context or click.Context(klio, info_name="klio", help_option_names=["-h", "--help"])
    yield context, _command_page(context)
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from command_pages(click.Context(inner, parent=context, info_name=name))


def _command_page(context: click.Context) -> str:
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", f"```text\n{usage}\n```", help_text(context.command)]
    options = [(code(names), said) for names, said in option_records(context)]
    said = [table(("option", "is"), options)] if options else []
    return "\n\n".join([*parts, *said, *_examples(context.command)])


def _examples(command: click.Command) -> Iterator[str]:
    """Yield the examples of a command as a block, where it has any."""
    lines = (command.epilog or "").splitlines()[2:]
    if lines:
        yield "```text\n" + "\n".join(line.strip() for line in lines) + "\n```"


def option_records(context: click.Context) -> list[tuple[str, str]]:
    """Answer each option's names and help; -h is the same everywhere and left out."""
    options = [param for param in context.command.params if isinstance(param, click.Option) and not param.hidden]
    return [record for option in options if (record := option.get_help_record(context)) is not None]


def help_text(command: click.Command) -> str:
    """Answer a command's help; what click is told not to wrap is code."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(
        "```text\n" + part.removeprefix("\b\n") + "\n```" if part.startswith("\b") else part for part in paragraphs
    )
