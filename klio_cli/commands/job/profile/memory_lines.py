from __future__ import annotations

from typing import Any

import click

from klio_cli.profiling import of_klio, profiles, run
from klio_cli.terminal import Terminal
from klio_core.profiling import What


@click.command()
@profiles(What.MEMORY_LINES)
@of_klio("--maximum")
@click.pass_obj
def command(terminal: Terminal, /, **chosen: Any) -> int:
    """See what each line of the job's code holds when most is held.

    It is about the functions marked with @decorators.profile; where none is, about all of the job's code. Objects of
    Python are seen one by one, which slows the code down.
    """
    return run(What.MEMORY_LINES, terminal, chosen)
