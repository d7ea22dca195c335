from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from klio_cli import options
from klio_cli.terminal import Terminal
from klio_core import local_state

DOWN = 1


@click.command()
@options.project
@click.pass_obj
def command(terminal: Terminal, /, *, project: Path) -> int:
    """Say whether the local cloud is up, and where. The exit status is 1 where it is not."""
    state = local_state.read(project)
    if state is None:
        terminal.say(f"The local cloud of {project} is not up.\nklio local up starts it.")
        return DOWN
    if not state.alive:
        terminal.say(
            f"The local cloud of {project} is not up: process {state.pid} ended without saying so.\n"
            "klio local up starts it again, with all that it held."
        )
        return DOWN
    since = datetime.fromtimestamp((local_state.state_dir(project) / "local.json").stat().st_mtime).astimezone()
    terminal.table(
        ("", "local cloud"),
        (
            ("project", str(project)),
            ("pubsub", state.pubsub),
            ("objects", state.objects),
            ("pid", str(state.pid)),
            ("since", f"{since:%Y-%m-%d %H:%M:%S}"),
        ),
    )
    terminal.say('\nFor other programs in this shell: eval "$(klio local env)"')
    return 0
