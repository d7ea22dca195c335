from __future__ import annotations

from pathlib import Path

import click

from klio_cli import local_cloud, options
from klio_cli.terminal import Terminal


@click.command()
@options.project
@click.argument("where", required=False, metavar="[gs://BUCKET[/PREFIX]]")
@click.pass_obj
def command(terminal: Terminal, /, *, project: Path, where: str | None) -> None:
    """List the buckets of the local object store, or all files that begin with a prefix."""
    from klio_cli.objects import Objects, Place

    with Objects.at(local_cloud.require(project).objects) as store:
        if where is None:
            for bucket in store.buckets():
                terminal.say(f"gs://{bucket}/")
            return
        for place, size in store.files(Place.parse(where)):
            terminal.say(f"{size:>12}  {place}")
