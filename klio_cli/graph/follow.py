"""Watching a graph that runs, until nothing is left to do or one of its jobs has ended by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from klio_cli.backlog import waiting
from klio_cli.graph.children import Child
from klio_cli.graph.progress import Progress
from klio_cli.graph.table import picture
from klio_cli.lines import status_line
from klio_cli.pubsub import Receive
from klio_cli.terminal import Terminal
from klio_core.status import Status, records_in

_TICK_SECONDS = 0.1
_ASK_SECONDS = 0.5
_LAST_RECORDS_SECONDS = 1.0


def follow(
    terminal: Terminal,
    progress: Progress,
    receives: Sequence[Receive],
    children: Sequence[Child],
    quiet: Callable[[], bool],
) -> Child | None:
    """Show `progress` until `quiet` says that nothing is on its way; answer the job that ended first, if one did."""
    with screen(terminal, progress) as changed:
        return _until_quiet(progress, receives, children, quiet, changed)


@contextmanager
def screen(terminal: Terminal, progress: Progress) -> Iterator[Callable[[Status], None]]:
    """Show `progress` while the block runs; answers what to call with each record that is news.

    A terminal has a table that is redrawn; into a pipe goes a line for each record.
    """
    if not terminal.interactive:
        yield lambda record: terminal.say(_line(record))
        return
    with terminal.live(lambda: picture(progress, terminal.styled)):
        yield lambda _record: None


def quiet_at(host: str, subscriptions: Collection[str]) -> bool:
    """Answer whether none of the subscriptions holds a message.

    A job acknowledges what it read after it has published what comes of it, so then nothing is on its way.
    """
    return all(free == leased == 0 for name, free, leased in waiting(host) if name in subscriptions)


def _until_quiet(
    progress: Progress,
    receives: Sequence[Receive],
    children: Sequence[Child],
    quiet: Callable[[], bool],
    changed: Callable[[Status], None],
) -> Child | None:
    asked = time.monotonic()
    while True:
        take(progress, receives, _TICK_SECONDS, changed)
        if ended := next((child for child in children if child.ended), None):
            return ended
        if time.monotonic() - asked >= _ASK_SECONDS:
            asked = time.monotonic()
            if quiet():
                break
    while take(progress, receives, _LAST_RECORDS_SECONDS / len(receives), changed):
        continue
    return None


def take(progress: Progress, receives: Sequence[Receive], seconds: float, changed: Callable[[Status], None]) -> bool:
    """Take the records of one message of each topic; answer whether any came."""
    bodies = [body for receive in receives if (body := receive(seconds)) is not None]
    for record in (record for body in bodies for record in records_in(body)):
        if progress.saw(record):
            changed(record)
    return bool(bodies)


def _line(record: Status) -> str:
    return f"{record.job}  {status_line(record)}"
