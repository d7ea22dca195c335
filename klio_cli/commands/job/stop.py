from __future__ import annotations

from typing import Any

import click

from klio_cli import dataflow
from klio_cli.terminal import Terminal


@click.command()
@click.option("--drain", is_flag=True, help="Let it finish what it has read.")
@dataflow.place
@click.pass_obj
def command(terminal: Terminal, /, *, drain: bool, **chosen: Any) -> None:
    """End a job on Dataflow, and wait until it has ended.

    It is cancelled: what it has not finished comes again when it is run the next time.
    """
    service, name = dataflow.found(chosen)
    dataflow.stop(terminal, service, name, drain=drain)
