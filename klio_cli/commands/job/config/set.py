from __future__ import annotations

from typing import Any

import click

from klio_cli import job_file, options
from klio_cli.terminal import Terminal


@click.command()
@click.argument("settings", metavar="PATH=VALUE...", nargs=-1, required=True)
@options.flags("job_dir", "config_file", "template")
@click.pass_obj
def command(terminal: Terminal, /, settings: tuple[str, ...], **chosen: Any) -> None:
    """Set keys in the job file; everything else in it stays as it is, comments included.

    PATH and VALUE are written as in an override: job_config.events.inputs[0].topic=…, pipeline_options.streaming=false,
    pipeline_options.labels=[a, b]. Nothing is written if the job file could not be used afterwards.
    """
    from klio_core.config.edit import put

    job = options.invocation(chosen)
    terminal.say(job_file.change(job, lambda text, one: put(text, one, str(job.config_path)), settings))
