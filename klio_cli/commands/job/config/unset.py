from __future__ import annotations

from typing import Any

import click

from klio_cli import job_file, options
from klio_cli.terminal import Terminal


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@options.flags("job_dir", "config_file", "template")
@click.pass_obj
def command(terminal: Terminal, /, paths: tuple[str, ...], **chosen: Any) -> None:
    """Delete keys, or entries of lists, from the job file; everything else in it stays as it is.

    PATH is written as in an override: job_config.data.inputs[1]. Nothing is written if the job file could not be used
    afterwards.
    """
    from klio_core.config.edit import cut

    job = options.invocation(chosen)
    terminal.say(job_file.change(job, lambda text, one: cut(text, one, str(job.config_path)), paths))
