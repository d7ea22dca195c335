from __future__ import annotations

from pathlib import Path

import click

from klio_cli import here, options

_PORT = click.IntRange(1, 65535)


@click.command()
@options.project
@click.option("--pubsub-port", type=_PORT, metavar="N", help="Default: any free port.")
@click.option("--objects-port", type=_PORT, metavar="N", help="Default: any free port.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="What it is to do wrong on purpose, such as drop@pubsub.delivery,10%. May be given several times.",
)
def command(*, project: Path, pubsub_port: int | None, objects_port: int | None, faults: tuple[str, ...]) -> int:
    """Start the local cloud, and return when it answers."""
    ports = (("--pubsub-port", pubsub_port), ("--objects-port", objects_port))
    given = [f"{name}={port}" for name, port in ports if port is not None]
    given += [f"--fault={fault}" for fault in faults]
    return here.klioexec(["local", "up", "--project", str(project), *given])
