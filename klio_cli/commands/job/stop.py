from __future__ import annotations

from typing import Any

import click

from klio_cli.terminal import Terminal
from klio_cli.where import choose


@click.command()
@click.option("--drain", is_flag=True, help="Let it finish what it has read.")
@choose.place
@click.pass_obj
def command(terminal: Terminal, /, *, drain: bool, **chosen: Any) -> None:
    """End a job, and wait until it has ended.

    It is cancelled: what it has not finished comes again when it is run the next time.
    """
    choose.chosen_place(chosen).stop(terminal, drain=drain)
