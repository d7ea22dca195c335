"""The screen of `--follow`: a line for each element that is redrawn, or, into a pipe, a line for each change."""

from __future__ import annotations

import time
from collections.abc import Callable

from klio_cli.follow import Follow
from klio_cli.lines import status_line
from klio_cli.pubsub import Receive
from klio_cli.terminal import Terminal
from klio_core.status import State, Status, records_in

PATIENCE_SECONDS = 10.0
NOBODY = "No job has reported anything yet. If none is running: `klio job run --local`, in another terminal."
_TICK_SECONDS = 0.2
_ROWS = 20
_COLOURS = {State.COMMITTED: "green", State.PASSED_ON: "cyan", State.DROPPED: "yellow", State.DEAD_LETTER: "red"}


def watch(terminal: Terminal, following: Follow, receive: Receive, patience: float = PATIENCE_SECONDS) -> None:
    """Show `following` until every element is done; `receive` answers the next message with status records.

    Ctrl-C ends the watching only: nothing is told to the job.
    """
    try:
        _watch(terminal, following, receive, patience)
    except KeyboardInterrupt:
        terminal.note("\nStopped following. What is published stays published.")
        raise


def _watch(terminal: Terminal, following: Follow, receive: Receive, patience: float) -> None:
    if not terminal.interactive:
        _until_done(terminal, following, receive, patience, lambda record: terminal.say(status_line(record)))
        return
    with terminal.live(lambda: screen(terminal, following)):
        _until_done(terminal, following, receive, patience, lambda _record: None)


def screen(terminal: Terminal, following: Follow) -> str:
    """Answer the whole picture: the elements in work first, as many as fit, and a summary."""
    records = sorted(following.latest.values(), key=lambda record: record.state.final)
    lines = [terminal.styled(status_line(record), _COLOURS.get(record.state)) for record in records[:_ROWS]]
    more = [f"… and {len(records) - _ROWS} more"] if len(records) > _ROWS else []
    return "\n".join([*lines, *more, following.summary()])


def _until_done(
    terminal: Terminal, following: Follow, receive: Receive, patience: float, changed: Callable[[Status], None]
) -> None:
    asked = False
    while not following.done:
        for record in records_in(receive(_TICK_SECONDS) or b""):
            if following.saw(record):
                changed(record)
        if not asked and following.unheard(time.monotonic(), patience):
            asked = True
            terminal.note(NOBODY)
