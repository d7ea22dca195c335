from __future__ import annotations

from pathlib import Path

import click

from klio_cli import here, options


@click.command()
@options.project
def command(*, project: Path) -> int:
    """Stop the local cloud; its topics, messages and files stay for the next `klio local up`."""
    return here.klioexec(["local", "down", "--project", str(project)])
