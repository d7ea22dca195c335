from __future__ import annotations

import click

from klio_cli.folder import Folder


@click.group(cls=Folder, package=__name__)
def command() -> None:
    """See what a job's code costs over some elements: time, memory, and where.

    The elements are worked on in this process, whatever is there already. What the job would publish goes nowhere; its
    data outputs go to a scratch place, which is removed, unless --keep-outputs is given.
    """
