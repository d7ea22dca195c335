from __future__ import annotations

from typing import Any

import click

from klio_cli import options
from klio_cli.terminal import Terminal


@click.command()
@options.flags(*options.JOB_FLAGS)
@click.pass_obj
def command(terminal: Terminal, /, **chosen: Any) -> None:
    """List a job's images in this machine's engine, the newest first.

    The one that the job would run with as it is now is marked.
    """
    from klio_cli.images import engine
    from klio_cli.images.job_image import JobImage
    from klio_cli.images.listing import rows

    image = JobImage.of(options.invocation(chosen))
    with engine.connected() as client:
        found = rows(client, image.name)
    if not found:
        terminal.note(f"no images of {image.name.repository}: `klio image build` makes one")
        return
    terminal.table(("", "tag", "built", "size", "digest"), found)
