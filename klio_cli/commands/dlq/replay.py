from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError


@click.command()
@options.letters
@click.option("-f", "--force", is_flag=True, help="Work although the output exists.")
@click.option("--topic", metavar="TOPIC", help="Publish to this topic instead of the one that the message came by.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Publish nothing; write the elements to a new file, a line for each, for a batch job to read.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.flags("local", *options.JOB_FLAGS)
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    reason: str | None,
    element: str | None,
    force: bool,
    topic: str | None,
    output: Path | None,
    dry_run: bool,
    yes: bool,
    **chosen: Any,
) -> int:
    """Send the messages of dead letters to the job again, byte for byte as they came.

    Each goes to the input that it came by, and its attempts start anew. A letter is removed when Pub/Sub has taken its
    message: who is killed in between sends it twice, which does no harm. What a batch job read from a file goes to a
    file again: --output.

    The exit status is 1 where a message could not be published; its letter stays.
    """
    from klio_cli.dlq import place
    from klio_cli.dlq.open import opened
    from klio_cli.dlq.select import Wanted, by_reason, counted
    from klio_cli.dlq.send import Sender

    _check(output, force=force, topic=topic)
    job = options.invocation(chosen)
    config = job_dir.load(job)
    where = place.chosen(config, job)
    with opened(where, job, config.job_name) as box:
        contents = box.read()
        letters = Wanted(reason, element).of(contents.letters, time.time())
        place.remark(terminal, contents, config, job)
        if not letters:
            terminal.note(f"no such dead letters in {where}")
            return 0
        terminal.note(f"{counted(len(letters))} of {len(contents.letters)} in {where}: {by_reason(letters)}")
        sender = Sender(terminal, box, config, job, partial(_agreed, terminal, dry_run=dry_run, yes=yes))
        return sender.to_topics(letters, topic, force=force) if output is None else sender.to_file(letters, output)


def _check(output: Path | None, *, force: bool, topic: str | None) -> None:
    if output is not None and force:
        todo = "`force: true` on a data output says it: -O job_config.data.outputs[0].force=true"
        raise UsageError("a line of a file carries no force flag", got="--output and --force", todo=todo)
    if output is not None and topic:
        raise UsageError("--output and --topic exclude each other", todo="give one of them")


def _agreed(terminal: Terminal, plan: str, *, dry_run: bool, yes: bool) -> bool:
    if dry_run:
        terminal.say(f"Would send {plan}")
    elif not yes and not terminal.confirm(f"Send {plan}?"):
        raise UsageError("nothing was sent", got=plan, todo="answer yes, or say --yes")
    return not dry_run
