"""The picture of a job, fitted into a width and a height. Pure: from a view to what rich draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from klio_cli.lines import printable
from klio_cli.standing import LOST, Stand
from klio_cli.standing_text import ago
from klio_cli.top.view import View, Worker
from klio_core.decision import told
from klio_core.runs import RUNNING
from klio_core.status import State, Status

_COLOURS = {
    "committed": "green", "passed on": "cyan", "dropped": "yellow", "dead letter": "red", LOST: "red", RUNNING: "green",
}  # fmt: skip
_HEAD = 3  # lines above the sections
_OF_A_SECTION = 2  # an empty line, and the names of the columns
_WIDE = 100
_SHORTEST = 8  # of a name
_NUMBERS = ("cpu", "memory", "processes", "done", "for", "attempt")
_MIB = 2**20
_MINUTE_S, _HOUR_S = 60, 3600

Row = Sequence[Text | str]


def frame(view: View, width: int, height: int, footer: str = "") -> RenderableType:
    """Answer the picture: what is most important first, and of everything as many rows as fit."""
    sections: dict[str, list[Row]] = {
        "workers": [_worker(worker) for worker in view.workers],
        "in work": [_in_work(stand, state, view.now) for stand, state in view.in_work],
        "letters": [_letter(letter, view.now) for letter in view.letters],
    }
    room = height - _HEAD - bool(footer) - bool(view.hint)
    rows = shares(room, {name: len(found) for name, found in sections.items()})
    wide = width >= _WIDE
    drawn: list[RenderableType] = [_title(view, width), _pace(view), _verdicts(view, wide=wide)]
    if view.hint:
        drawn.append(Text(view.hint, style="dim", no_wrap=True, overflow="ellipsis"))
    for name, draw in _SECTIONS.items():
        if rows[name]:
            drawn += [Text(), draw(sections[name][: rows[name]], len(sections[name]), wide)]
    if footer:
        drawn.append(Text(footer, style="dim"))
    return Group(*drawn)


def shares(room: int, wanted: Mapping[str, int]) -> dict[str, int]:
    """Share lines out among sections, one after the other, until all have what they want or no line is left.

    A section without rows takes no room, one that gets none has no head either.
    """
    given = dict.fromkeys(wanted, 0)
    while True:
        before = dict(given)
        for name, most in wanted.items():
            cost = 1 if given[name] else 1 + _OF_A_SECTION
            if given[name] < most and cost <= room:
                given[name] += 1
                room -= cost
        if given == before:
            return given


def _title(view: View, width: int) -> Table:
    state = Text(view.state or "never ran", style=_COLOURS.get(view.state, "yellow"))
    rest = Text("  ").join([Text(), state, Text(view.kind), Text(_since(view))])
    clock = f"{datetime.fromtimestamp(view.now):%H:%M:%S}"
    name = Text(view.job, style="bold")
    name.truncate(max(_SHORTEST, width - len(rest) - len(clock) - 2), overflow="ellipsis")  # the name may be long
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(name + rest, clock)
    return grid


def _since(view: View) -> str:
    if not view.since:
        return ""
    seconds = view.now - view.since
    return f"for {_span(seconds)}" if view.state == RUNNING else ago(seconds)


def _span(seconds: float) -> str:
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"


def _pace(view: View) -> Text:
    ended = sum(reasons.total() for reasons in view.verdicts.values())
    pace = f"{_rate(view.lately)} elements/s (last minute {_rate(view.last_minute)})"
    parts = [
        pace if view.state == RUNNING else f"{ended} element{'' if ended == 1 else 's'}",
        f"in work {len(view.in_work)}",
        *([] if view.waiting is None else [f"waiting {view.waiting}"]),
        *([] if view.left_s is None else [f"about {_span(view.left_s)} left"]),
    ]
    return Text("   ".join(parts), no_wrap=True, overflow="ellipsis")


def _rate(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}"


def _verdicts(view: View, *, wide: bool) -> Text:
    parts = [_verdict(state, reasons, wide=wide) for state, reasons in view.verdicts.items()]
    if view.tried_again:
        parts.append(Text(f"tried again {view.tried_again}", style="yellow"))
    line = Text("   ").join(parts)
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _verdict(state: State, reasons: Counter[str], *, wide: bool) -> Text:
    number = reasons.total()
    why = told({reason: count for reason, count in reasons.items() if reason}) if wide else ""
    plural = "s" if state is State.DEAD_LETTER and number != 1 else ""
    return Text(f"{state}{plural} {number}{f' ({why})' if why else ''}", style=_COLOURS[state] if number else "dim")


def _worker(worker: Worker) -> Row:
    load = worker.load
    if load is None:
        return (worker.name, "ended", "", "", str(worker.done))
    cpu = "…" if load.cpu is None else f"{load.cpu:.0%}"
    return (worker.name, cpu, f"{load.memory_bytes / _MIB:.0f} MiB", str(load.processes), str(worker.done))


def _in_work(stand: Stand, state: str, now: float) -> Row:
    record = stand.record
    progress = "" if record.progress is None or state == LOST else f" {record.progress:.0%}"
    shown = Text(f"{state}{progress}", style=_COLOURS.get(state, ""))
    since, attempt = _span(now - stand.since), str(record.attempt)
    return (printable(record.element), shown, since, attempt, record.worker, _plain(record.note))


def _letter(letter: Status, now: float) -> Row:
    return (printable(letter.element), ago(now - letter.at), Text(_plain(letter.note), style="red"))


def _plain(note: str) -> str:
    return printable(note.encode("utf-8", "surrogateescape"))


def _table(rows: Sequence[Row], *columns: tuple[str, int | None]) -> Table:
    expand = any(ratio for _, ratio in columns)
    table = Table(box=None, expand=expand, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name, ratio in columns:
        justify: JustifyMethod = "right" if name in _NUMBERS else "left"
        table.add_column(name, ratio=ratio, justify=justify, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return table


def _workers(rows: Sequence[Row], of: int, _wide: bool) -> Table:  # noqa: FBT001 - as the other sections
    name = _title_of("worker", rows, of)
    return _table(rows, (name, None), ("cpu", None), ("memory", None), ("processes", None), ("done", None))


def _elements(rows: Sequence[Row], of: int, wide: bool) -> Table:  # noqa: FBT001 - one of two layouts
    name = _title_of("in work", rows, of)
    if wide:
        return _table(rows, (name, 3), ("state", None), ("for", None), ("attempt", None), ("worker", 2), ("note", 3))
    narrow = [(element, state, since, note) for element, state, since, _attempt, _worker, note in rows]
    return _table(narrow, (name, 1), ("state", None), ("for", None), ("note", 1))


def _letters(rows: Sequence[Row], of: int, _wide: bool) -> Table:  # noqa: FBT001 - as the other sections
    return _table(rows, (_title_of("dead letter", rows, of), 1), ("when", None), ("reason", 2))


def _title_of(name: str, rows: Sequence[Row], of: int) -> str:
    return name if len(rows) == of else f"{name} ({len(rows)} of {of})"


_SECTIONS: dict[str, Callable[[Sequence[Row], int, bool], Table]] = {
    "workers": _workers,
    "in work": _elements,
    "letters": _letters,
}
