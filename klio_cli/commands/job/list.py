from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from klio_cli import dataflow
from klio_cli.terminal import Terminal


@click.command()
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="A table, or JSON lines.")
@dataflow.place
@click.pass_obj
def command(terminal: Terminal, /, *, everything: bool, form: str, **chosen: Any) -> None:
    """List the jobs on Dataflow in the project and the region of the job file, the newest first."""
    service, _ = dataflow.found(chosen)
    jobs = list(service.jobs(chosen["job_name"], active=not everything))
    if form == "json":
        for job in jobs:
            terminal.say(json.dumps(asdict(job)))
        return
    rows = [
        (job.name, job.state, dataflow.when(job.since), "streaming" if job.streaming else "batch", job.id)
        for job in jobs
    ]
    if rows:
        terminal.table(("name", "state", "since", "kind", "job"), rows)
    else:
        terminal.note(f"no job runs on Dataflow in {service.project}, {service.region}")
