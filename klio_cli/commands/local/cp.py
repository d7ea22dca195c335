from __future__ import annotations

from pathlib import Path

import click

from klio_cli import local_cloud, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError


@click.command()
@options.project
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.argument("target")
@click.pass_obj
def command(terminal: Terminal, /, *, project: Path, sources: tuple[str, ...], target: str) -> None:
    """Copy files into the local object store, or back out of it.

    A target that ends with / or is a directory gets files of the same names. Buckets are made as needed. A source that
    ends with / is everything under it.
    """
    from klio_cli.objects import Objects, is_place

    inwards = is_place(target)
    if any(is_place(source) == inwards for source in sources):
        raise UsageError("cp copies between this machine and the object store", expected="gs:// on one side only")
    with Objects.at(local_cloud.require(project).objects) as store:
        for copied_from, copied_to in store.copy_in(sources, target) if inwards else store.copy_out(sources, target):
            terminal.say(f"{copied_from} -> {copied_to}")
