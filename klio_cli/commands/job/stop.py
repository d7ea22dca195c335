from __future__ import annotations

from typing import Any

import click

from klio_cli import dataflow
from klio_cli.terminal import Terminal
from klio_core.errors import CloudError

_WITHIN_S = 600.0


@click.command()
@click.option("--drain", is_flag=True, help="Let it finish what it has read.")
@dataflow.place
@click.pass_obj
def command(terminal: Terminal, /, *, drain: bool, **chosen: Any) -> None:
    """End a job on Dataflow, and wait until it has ended.

    It is cancelled: what it has not finished comes again when it is run the next time.
    """
    service, name = dataflow.found(chosen)
    job = service.active(name)
    if job is None:
        terminal.note(f"no job {name} runs on Dataflow in {service.project}, {service.region}")
        return
    service.end(job.id, drain=drain)
    terminal.note(f"{name} ({job.id}) {'drains' if drain else 'is cancelled'}")
    ended = service.ended(job, _WITHIN_S)
    if not ended.final:
        raise CloudError(
            f"{name} has not ended within {_WITHIN_S:g} s",
            where=service.page(job.id),
            got=ended.state,
            todo="it goes on ending: `klio job status --remote` shows how far it is",
        )
    terminal.say(f"{name}: {ended.state}")
