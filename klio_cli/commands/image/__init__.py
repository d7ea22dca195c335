from __future__ import annotations

import click

from klio_cli.folder import Folder


@click.group(cls=Folder, package=__name__)
def command() -> None:
    """Build, push and list the images of jobs."""
