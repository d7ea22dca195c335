from __future__ import annotations

from pathlib import Path

import click

from klio_cli import here, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError
from klio_core.local_state import state_dir


@click.command()
@options.project
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(terminal: Terminal, /, *, project: Path, yes: bool) -> int:
    """Stop the local cloud and throw its topics, messages and files away."""
    kept_in = state_dir(project)
    if not yes and not terminal.confirm(f"Throw away all topics, messages and files of {kept_in}?"):
        raise UsageError("nothing was thrown away", where=str(kept_in), todo="answer yes, or say --yes")
    return here.klioexec(["local", "reset", "--project", str(project)])
