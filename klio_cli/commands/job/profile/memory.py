from __future__ import annotations

from typing import Any

import click

from klio_cli.profiling import profiles, run
from klio_core.profiling import What


@click.command()
@profiles(What.MEMORY)
def command(**chosen: Any) -> int:
    """See how much memory each transform takes, and what is held when it is most.

    The table says for each transform the most that the memory of the job's processes grew by in one call, and the most
    that they had meanwhile. Below it are the lines of the job's code that held most when most was held, of what this
    process allocated.
    """
    return run(What.MEMORY, chosen)
