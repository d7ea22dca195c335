from __future__ import annotations

from typing import Any

import click

from klio_cli.profiling import profiles, run
from klio_core.profiling import What


@click.command()
@profiles(What.TIMEIT)
def command(**chosen: Any) -> int:
    """See how long each transform's own code takes for an element, and how that varies.

    Each element is worked on ten times, or -n times. Functions marked with @decorators.profile have lines of their own.
    """
    return run(What.TIMEIT, chosen)
