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
    """Say whether the local cloud is up, where, and what waits in it. The exit status is 1 where it is not up."""
    from klio_cli.backlog import waiting

    state = local_state.read(project)
    if state is None or not state.alive:
        ended = f": process {state.pid}, of {_since(project)}, has ended" if state else ""
        again = " again, with all that it held" if state else ""
        terminal.say(f"The local cloud of {project} is not up{ended}.\nklio local up starts it{again}.")
        return DOWN
    terminal.table(
        ("project", str(project)),
        (
            ("pubsub", state.pubsub),
            ("objects", state.objects),
            ("pid", str(state.pid)),
            ("since", _since(project)),
            *(("fault", fault) for fault in state.faults),
        ),
    )
    terminal.say()
    counted = [(name, str(free), str(leased)) for name, free, leased in waiting(state.pubsub)]
    if counted:
        terminal.table(("subscription", "waiting", "in work"), counted)
        terminal.say()
    terminal.say('For other programs in this shell: eval "$(klio local env)"')
    return 0


def _since(project: Path) -> str:
    """Answer when the local cloud was started: it writes its state file then."""
    written = (local_state.state_dir(project) / "local.json").stat().st_mtime
    return f"{datetime.fromtimestamp(written).astimezone():%Y-%m-%d %H:%M:%S}"
