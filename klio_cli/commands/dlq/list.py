from __future__ import annotations

import time
from typing import Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal


@click.command()
@options.letters
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="A table, or JSON lines.")
@options.flags("local", *options.JOB_FLAGS)
@click.pass_obj
def command(terminal: Terminal, /, *, reason: str | None, element: str | None, form: str, **chosen: Any) -> None:
    """List a job's dead letters, the oldest first, and count them by reason.

    With --local, those of its runs against the local cloud. Nothing is changed: letters in a topic are leased while
    they are read, and given back.
    """
    from klio_cli.dlq import place, texts
    from klio_cli.dlq.open import opened
    from klio_cli.dlq.select import Wanted, by_reason, counted

    job = options.invocation(chosen)
    config = job_dir.load(job)
    where = place.chosen(config, job)
    with opened(where, job, config.job_name) as box:
        contents = box.read()
    letters = Wanted(reason, element).of(contents.letters, time.time())
    if form == "json":
        for held in letters:
            terminal.say(texts.as_json(held))
    elif letters:
        terminal.grid(texts.HEADER, map(texts.row, letters))
        terminal.say(f"\n{counted(len(letters))} in {where}: {by_reason(letters)}")
    else:
        terminal.note(f"no dead letters in {where}")
    place.remark(terminal, contents, config, job)
