from __future__ import annotations

import time
from typing import Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError


@click.command()
@options.letters
@click.option("--older-than", metavar="AGE", help="Only letters older than this: 12h, 7d, 4w.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.flags("local", *options.JOB_FLAGS)
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    reason: str | None,
    element: str | None,
    older_than: str | None,
    yes: bool,
    **chosen: Any,
) -> None:
    """Remove dead letters for good, the messages in them too.

    Says first which, and asks.
    """
    from klio_cli.dlq import place
    from klio_cli.dlq.open import opened
    from klio_cli.dlq.select import Wanted, age, by_reason, counted

    wanted = Wanted(reason, element, None if older_than is None else age(older_than))
    job = options.invocation(chosen)
    config = job_dir.load(job)
    where = place.chosen(config, job)
    with opened(where, job, config.job_name) as box:
        contents = box.read()
        letters = wanted.of(contents.letters, time.time())
        place.remark(terminal, contents, config, job)
        if not letters:
            terminal.note(f"no such dead letters in {where}")
            return
        what = f"{counted(len(letters))} of {len(contents.letters)} in {where}: {by_reason(letters)}"
        if not yes and not terminal.confirm(f"Remove for good {what}?"):
            raise UsageError("nothing was removed", got=what, todo="answer yes, or say --yes")
        box.remove(letters)
    terminal.say(f"Removed {what}")
