"""The table of a running graph, element by job, and the summary at its end. Pure: text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from klio_cli.graph.progress import Progress
from klio_cli.lines import printable
from klio_core.status import State, Status

Style = Callable[[str, str], str]

_ROWS = 20
_COLOURS = {
    State.WORKING: "blue",
    State.COMMITTED: "green",
    State.PASSED_ON: "cyan",
    State.DROPPED: "yellow",
    State.DEAD_LETTER: "red",
}


def picture(progress: Progress, style: Style) -> str:
    """Answer the table as it is now: what is on its way first, as many rows as fit."""
    elements = sorted(dict.fromkeys(progress.elements), key=progress.arrived)
    shown = elements[:_ROWS]
    rows = [[progress.told.get((element, job)) for job in progress.jobs] for element in shown]
    names = [printable(element) for element in shown]
    columns = [[job, *(_cell(row[number]) for row in rows)] for number, job in enumerate(progress.jobs)]
    widths = [max(map(len, column)) for column in columns]
    first = max(len(name) for name in (*names, "element"))
    head = [column[0].ljust(width) for column, width in zip(columns, widths, strict=True)]
    lines = ["  ".join(["element".ljust(first), *head]).rstrip()]
    for name, row in zip(names, rows, strict=True):
        cells = [_coloured(record, width, style) for record, width in zip(row, widths, strict=True)]
        lines.append("  ".join([name.ljust(first), *cells]).rstrip())
    done = len(elements) - len(progress.stranded)
    more = [f"… and {len(elements) - _ROWS} more"] if len(elements) > _ROWS else []
    return "\n".join([*lines, *more, f"{done} of {len(elements)} through"])


def summary(progress: Progress) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Answer the head and the rows of the last table: what each job did with our elements."""
    head = ("job", "processed", "passed on", "dropped", "dead letters")
    states = (State.COMMITTED, State.PASSED_ON, State.DROPPED, State.DEAD_LETTER)
    return head, [(job, *(str(progress.counts(job)[state]) for state in states)) for job in progress.jobs]


def stranded(progress: Progress) -> Iterator[str]:
    """Yield a line for each element that did not come through: where it is, and why."""
    missing = progress.stranded
    for element in missing[:_ROWS]:
        told = [progress.told.get((element, job)) for job in progress.jobs]
        where = [f"{r.job}: {_cell(r)}{f' ({r.note})' if r.note else ''}" for r in told if r and r.state not in _FINE]
        yield f"{printable(element)}  {'; '.join(where) or 'no job has told anything of it'}"
    if len(missing) > _ROWS:
        yield f"… and {len(missing) - _ROWS} more"


_FINE = (State.COMMITTED, State.PASSED_ON)


def _cell(record: Status | None) -> str:
    if record is None:
        return ""
    if record.progress is not None and not record.state.final:
        return f"{record.state} {record.progress:.0%}"
    return str(record.state) if record.seconds is None else f"{record.state} {record.seconds:.1f} s"


def _coloured(record: Status | None, width: int, style: Style) -> str:
    text = _cell(record).ljust(width)
    colour = _COLOURS.get(record.state) if record else None
    return style(text, colour) if colour else text
