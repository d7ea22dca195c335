from __future__ import annotations

from typing import Any

import click

from klio_cli.profiling import plot_graph, profiles, run
from klio_cli.terminal import Terminal
from klio_core.profiling import What


@click.command()
@profiles(What.CPU)
@plot_graph
@click.pass_obj
def command(terminal: Terminal, /, **chosen: Any) -> int:
    """See where the time goes, by transform and by call.

    The table says for each transform how often its own code was called, what it took of the clock and of the
    processors, and the most memory while it ran; klio and Beam have lines of their own. Below it is the call tree of
    the job's code, sampled a hundred times a second.
    """
    return run(What.CPU, terminal, chosen)
