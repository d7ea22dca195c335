from __future__ import annotations

from typing import Any

import click

from klio_cli.profiling import profiles, run
from klio_cli.terminal import Terminal
from klio_core.profiling import What


@click.command()
@profiles(What.LINES)
@click.pass_obj
def command(terminal: Terminal, /, **chosen: Any) -> int:
    """See what each line of the job's functions takes.

    It is about the functions marked with @decorators.profile; where none is, about those that work on elements.
    Watching each line slows the code down, short lines most of all.
    """
    return run(What.LINES, terminal, chosen)
