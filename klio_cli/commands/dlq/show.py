from __future__ import annotations

from typing import Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError


@click.command()
@click.argument("letter", metavar="ELEMENT|NAME")
@options.flags("local", *options.JOB_FLAGS)
@click.pass_obj
def command(terminal: Terminal, /, *, letter: str, **chosen: Any) -> None:
    """Show everything about the dead letters of an element, or about the letter of this name.

    The traceback, and the message as it came to the job: whom it was for, and which jobs it had been through. Of a
    payload only its size.
    """
    from klio_cli.dlq import place, texts
    from klio_cli.dlq.open import opened
    from klio_cli.dlq.select import named

    job = options.invocation(chosen)
    config = job_dir.load(job)
    where = place.chosen(config, job)
    with opened(where, job, config.job_name) as box:
        contents = box.read()
    found = named(contents.letters, letter)
    if not found:
        place.remark(terminal, contents, config, job)
        todo = "`klio dlq list` lists the elements, and with --format json the names"
        raise UsageError("there is no such dead letter", where=str(where), got=repr(letter), todo=todo)
    terminal.say("\n\n".join(map(texts.page, found)))
