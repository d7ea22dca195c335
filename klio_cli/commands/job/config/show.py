from __future__ import annotations

from typing import Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal


@click.command()
@options.job
@click.pass_obj
def command(terminal: Terminal, /, **chosen: Any) -> None:
    """Print the whole effective configuration as YAML: templates and overrides applied, defaults filled in."""
    from klio_core.config import dump

    terminal.say(dump(job_dir.load(options.invocation(chosen))).rstrip("\n"))
