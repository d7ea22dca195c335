from __future__ import annotations

import time
from typing import Any

import click

from klio_cli.terminal import Terminal
from klio_cli.where import choose
from klio_cli.where.place import Line, when
from klio_core.logging_api import SEVERITIES


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended.")
@click.option("--severity", type=click.Choice(SEVERITIES), default="INFO", help="This much, or worse.")
@choose.place
@click.pass_obj
def command(terminal: Terminal, /, *, follow: bool, severity: str, **chosen: Any) -> None:
    """Show the log of the job that runs, or of the one that ran last, the oldest line first.

    On Dataflow that is what the service says and what the workers log; on this machine, what the run and its workers
    log, in a container or without one.
    """
    log = choose.chosen_place(chosen).log()
    seen: set[tuple[str, str]] = set()
    since = ""
    while True:
        ended = log.ended()  # asked first: what was said before the end is among the lines
        for line in sorted(log.lines(since, severity)):
            since = max(since, line.time)
            if (line.time, line.id) not in seen:
                seen.add((line.time, line.id))
                _print(terminal, line)
        if ended or not follow:
            return
        seen = {told for told in seen if told[0] >= since}  # what is older is not asked for again
        time.sleep(log.pause_s)


def _print(terminal: Terminal, line: Line) -> None:
    from klio_core.redact import redacted

    text = redacted(line.text).rstrip("\n")
    terminal.say(f"{when(line.time)}  {line.severity:<8} {line.source}  {text}")
