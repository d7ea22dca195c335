from __future__ import annotations

from typing import Any

import click

from klio_cli.profiling import of_klio, plot_graph, profiles, run
from klio_cli.terminal import Terminal
from klio_core.profiling import What


@click.command()
@profiles(What.MEMORY)
@plot_graph
@of_klio("--include-children", "--multiprocess")
@click.pass_obj
def command(terminal: Terminal, /, **chosen: Any) -> int:
    """See how much memory each transform takes, and what is held when it is most.

    The table says for each transform the most that the memory of the job's processes grew by in one call, and the most
    that they had meanwhile. Below it are the lines of the job's code that held most when most was held, of what this
    process allocated.
    """
    return run(What.MEMORY, terminal, chosen)
