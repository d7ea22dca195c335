"""Options of commands that concern a job, built from the one list that `klioexec` reads too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from klio_core import local_state
from klio_core.invocation import FLAGS, Flag, Invocation

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

JOB_FLAGS = ("job_dir", "config_file", "override", "template")


def flags(*fields: str, of: Sequence[Flag] = FLAGS) -> Callable[[Decorated], Decorated]:
    """Add the options of the named fields of an Invocation, or of another value's flags, in that order."""
    by_field = {flag.field: flag for flag in of}

    def decorate(command: Decorated) -> Decorated:
        for field in reversed(fields):
            command = _option(by_field[field])(command)
        return command

    return decorate


def job(command: Decorated) -> Decorated:
    """Add -j, -c, -O and -T: which job, and what to change in its job file."""
    return flags(*JOB_FLAGS)(command)


def letters(command: Decorated) -> Decorated:
    """Add --reason and --element: which dead letters."""
    command = click.option("--element", metavar="ELEMENT", help="Only the letters of this element.")(command)
    return click.option("--reason", metavar="REASON", help="Only letters of this reason, as list shows it.")(command)


def invocation(chosen: Mapping[str, Any]) -> Invocation:
    """Answer the run that the options say; an option that was not given keeps its default."""
    return Invocation(**{field: value for field, value in chosen.items() if value is not None})


def project(command: Decorated) -> Decorated:
    """Add --project: whose local cloud. The command gets a directory."""
    return click.option(
        "--project",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        metavar="DIR",
        default=Path(),
        callback=lambda _context, _parameter, given: local_state.find_project(given),
        help="Whose local cloud. Default: the nearest directory upwards that holds .klio, else this one.",
    )(command)


def _option(flag: Flag) -> Callable[[Decorated], Decorated]:
    name = f"{flag.name}/--no-{flag.name[2:]}" if flag.negatable else flag.name
    names = [name, flag.field] + ([flag.short] if flag.short else [])
    if flag.kind is bool:
        default = None if flag.negatable else False
        return click.option(*names, is_flag=True, default=default, help=flag.help)
    kind = click.Path(path_type=Path) if flag.kind is Path else flag.kind
    return click.option(*names, type=kind, multiple=flag.repeat, metavar=flag.metavar, help=flag.help)
