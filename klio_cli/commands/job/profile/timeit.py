from __future__ import annotations

from typing import Any

import click

from klio_cli.profiling import profiles, run
from klio_cli.terminal import Terminal
from klio_core.profiling import What


@click.command()
@profiles(What.TIMEIT)
@click.pass_obj
def command(terminal: Terminal, /, **chosen: Any) -> int:
    """See how long each transform's own code takes for an element, and how that varies.

    Each element is worked on ten times, or -n times. Functions marked with @decorators.profile have lines of their own.
    """
    return run(What.TIMEIT, terminal, chosen)
