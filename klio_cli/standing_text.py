"""Where elements stand, as people and programs read it. Pure: text for a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from klio_cli.lines import printable
from klio_cli.standing import LOST, STATES, Stand, Standing
from klio_cli.terminal import Terminal

_ROWS = 20
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def tables(terminal: Terminal, standing: Standing, shown: Sequence[Stand], now: float, *, all_of_them: bool) -> None:
    """Print how many elements are in each state, and those that are `shown`: some of them, or `all_of_them`."""
    counts, again = standing.counts(now)
    rows = [(state, str(counts[state]), str(again[state] or "")) for state in STATES if counts[state]]
    terminal.say(f"{standing.job}: {counts.total()} element{'' if counts.total() == 1 else 's'}")
    if rows:
        terminal.table(("state", "elements", "tried again"), rows)
    if shown:
        head = ("element", "state", "attempt", "worker", "since", "note")
        some = shown if all_of_them else shown[:_ROWS]
        terminal.say()
        terminal.table(head, [_row(standing, stand, now) for stand in some])
        if len(some) < len(shown):
            terminal.say(f"… and {len(shown) - len(some)} more")


def one(standing: Standing, stand: Stand, now: float) -> str:
    """Answer all that is known of one element, a line for each thing."""
    record = stand.record
    lines = [
        ("state", _state(standing, stand, now)),
        ("note", record.note),
        ("attempt", str(record.attempt)),
        ("took", "" if record.seconds is None else f"{record.seconds:.1f} s"),
        ("worker", record.worker),
        ("since", f"{datetime.fromtimestamp(stand.since):%Y-%m-%d %H:%M:%S}, {ago(now - stand.since)}"),
        ("last word", ago(now - record.at)),
    ]
    return "\n".join([printable(record.element), *(f"  {name:<11}{text}" for name, text in lines if text)])


def as_json(standing: Standing, shown: Sequence[Stand], now: float) -> str:
    """Answer the counts, and the elements that are `shown`, as one JSON object."""
    counts, again = standing.counts(now)
    states = {state: {"elements": counts[state], "tried_again": again[state]} for state in STATES if counts[state]}
    elements = [standing.fields(stand, now) for stand in shown]
    return json.dumps({"job": standing.job, "states": states, "elements": elements}, indent=2)


def ago(seconds: float) -> str:
    """Answer a span of time as people say it: `3 min ago`."""
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name} ago"
    return "just now"


def _row(standing: Standing, stand: Stand, now: float) -> Sequence[str]:
    record = stand.record
    state = _state(standing, stand, now)
    return (printable(record.element), state, str(record.attempt), record.worker, ago(now - stand.since), record.note)


def _state(standing: Standing, stand: Stand, now: float) -> str:
    state, progress = standing.state(stand, now), stand.record.progress
    if state == LOST:
        return f"{state} (comes again)"
    return state if progress is None or stand.record.state.final else f"{state} {progress:.0%}"
