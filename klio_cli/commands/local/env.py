from __future__ import annotations

import shlex
from pathlib import Path

import click

from klio_cli import local_cloud, options
from klio_cli.terminal import Terminal


@click.command()
@options.project
@click.pass_obj
def command(terminal: Terminal, /, *, project: Path) -> None:
    """Print the variables by which Google's own clients find the local cloud, for `eval`."""
    for name, value in local_cloud.require(project).environment().items():
        terminal.say(f"export {name}={shlex.quote(value)}")
