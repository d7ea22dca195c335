from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal

if TYPE_CHECKING:
    from klio_cli.top.look import Look

_PAUSE_S = 1.0
_TO_COMPARE_S = 0.3  # between two looks: how much of a processor somebody uses shows over time
_FOOTER = "q ends the watching, not the job"


@click.command()
@click.option("--once", is_flag=True, help="Print one picture, and end; so it does where no terminal is.")
@options.flags(*options.JOB_FLAGS, "project")
@click.pass_obj
def command(terminal: Terminal, /, *, once: bool, **chosen: Any) -> None:
    """Watch a job that runs on this machine.

    How many elements a second it does, what is in work and for how long, what waits, the verdicts, the dead letters,
    and the processor and memory that each worker takes, drawn anew each second. Of a job that does not run, the last
    run. The verdicts are read from the status records of --local, or where `events.status` of the job file has them.
    """
    from klio_cli.top.look import Look

    job = options.invocation(chosen)
    look = Look(job_dir.load(job), job)
    if once or not terminal.interactive:
        _print(terminal, look)
    else:
        _watch(terminal, look)


def _print(terminal: Terminal, look: Look) -> None:
    from klio_cli.top.frame import frame

    look.now()
    time.sleep(_TO_COMPARE_S)
    terminal.draw(frame(look.now(), *terminal.size))


def _watch(terminal: Terminal, look: Look) -> None:
    from klio_cli.keys import keys
    from klio_cli.top.frame import frame

    try:
        with terminal.full_screen() as draw, keys(terminal.stdin) as pressed:
            pause_s = _TO_COMPARE_S
            while True:
                draw(frame(look.now(), *terminal.size, _FOOTER))
                if pressed(pause_s) in ("q", "Q"):
                    return
                pause_s = _PAUSE_S
    except KeyboardInterrupt:
        return  # as good as q
