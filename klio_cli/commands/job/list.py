from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from klio_cli.terminal import Terminal
from klio_cli.where import choose
from klio_cli.where.place import when


@click.command()
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="A table, or JSON lines.")
@choose.place
@click.pass_obj
def command(terminal: Terminal, /, *, everything: bool, form: str, **chosen: Any) -> None:
    """List the jobs that run where the job file says, the newest first.

    On Dataflow these are the jobs of its project and its region; on this machine the runs of its project, that is, of
    all jobs below the nearest directory upwards that holds .klio.
    """
    place = choose.chosen_place(chosen)
    jobs = list(place.jobs(everything=everything))
    if form == "json":
        for job in jobs:
            terminal.say(json.dumps(asdict(job)))
    elif jobs:
        rows = [(job.name, job.state, when(job.since), job.kind, job.id) for job in jobs]
        terminal.table(("name", "state", "since", "kind", "job"), rows)
    else:
        terminal.note(place.none())
