from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest
from rich.console import Console

from klio_cli.standing import LOST, Stand
from klio_cli.top.board import VERDICTS
from klio_cli.top.frame import frame, shares
from klio_cli.top.processes import Load
from klio_cli.top.view import View, Worker
from klio_core.status import State, Status

NOW = datetime(2026, 11, 21, 10, 7, 42).timestamp()
MIB = 2**20


def working(element: str, since_s: float, progress: float | None = None, note: str = "") -> tuple[Stand, str]:
    record = Status(element.encode(), "mix", State.WORKING, NOW - 1, progress, note, worker="laptop-2")
    return Stand(record, NOW - since_s, NOW - since_s), "working"


def letter(element: str, ago_s: float) -> Status:
    return Status(element.encode(), "mix", State.DEAD_LETTER, NOW - ago_s, note=f"exception: ValueError: {element}")


def verdicts(**counts: dict[str, int]) -> dict[State, Counter[str]]:
    return {state: Counter(counts.get(state.name, {})) for state in VERDICTS}


IDLE = View(
    job="mix",
    state="RUNNING",
    kind="local",
    since=NOW - 192,
    now=NOW,
    lately=0.0,
    last_minute=0.0,
    in_work=(),
    waiting=0,
    verdicts=verdicts(),
    tried_again=0,
    workers=(),
    letters=(),
)
BUSY = replace(
    IDLE,
    lately=4.2,
    last_minute=3.9,
    in_work=(working("one.wav,two.wav", 12, 0.4, "fitting the beat grid"), working("three.wav", 1)),
    waiting=112,
    verdicts=verdicts(COMMITTED={"": 612}, PASSED_ON={"output exists": 2, "ping": 1}, DEAD_LETTER={"exception": 2}),
    tried_again=3,
    workers=(Worker("laptop-2", Load(3.96, 977 * MIB, 2), 300), Worker("laptop-1", None, 12)),
    letters=(letter("bad", 200),),
)
CROWDED = replace(
    BUSY,
    in_work=[working(f"element-{number}", number) for number in range(200)],
    workers=[Worker(f"laptop-{number}", Load(None, MIB, 1), 0) for number in range(64)],
    letters=[letter(f"bad-{number}", number) for number in range(50)],
)


def drawn(view: View, width: int, height: int = 1000, footer: str = "") -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, no_color=True).print(frame(view, width, height, footer))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_page_of_eighty_columns():
    assert drawn(BUSY, 80, 24, "q ends") == [
        "mix  RUNNING  local  for 3 min 12 s                                     10:07:42",
        "4.2 elements/s (last minute 3.9)   in work 2   waiting 112   about 29 s left",
        "committed 612   passed on 3   dropped 0   dead letters 2   tried again 3",
        "",
        "worker      cpu   memory  processes  done",
        "laptop-2   396%  977 MiB          2   300",
        "laptop-1  ended                        12",
        "",
        "in work                        state         for  note",
        "one.wav,two.wav                working 40%  12 s  fitting the beat grid",
        "three.wav                      working       1 s",
        "",
        "dead letter            when       reason",
        "bad                    3 min ago  exception: ValueError: bad",
        "q ends",
    ]


def test_a_wide_page_says_more():
    shown = drawn(BUSY, 120)

    assert shown[2].startswith(
        "committed 612   passed on 3 (output exists 2, ping 1)   dropped 0   dead letters 2 (exc"
    )
    assert shown[8].split() == ["in", "work", "state", "for", "attempt", "worker", "note"]
    assert shown[9].split("  ")[-1].strip() == "fitting the beat grid"


@pytest.mark.parametrize("height", [3, 5, 10, 24, 50])
@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("view", [IDLE, BUSY, CROWDED], ids=["idle", "busy", "crowded"])
def test_a_picture_is_never_larger_than_the_terminal(view: View, width: int, height: int):
    lines = drawn(view, width, height, "q quits")

    assert len(lines) <= max(height, 4)
    assert max(map(len, lines)) <= width


def test_of_everything_as_many_rows_as_fit_are_shown_and_of_how_many_is_said():
    shown = drawn(CROWDED, 100, 24, "q quits")

    assert [line.split("  ")[0] for line in shown if " of " in line] == [
        "worker (5 of 64)",
        "in work (5 of 200)",
        "dead letter (4 of 50)",
    ]
    assert len(shown) == 24


@pytest.mark.parametrize(
    ("room", "wanted", "given"),
    [
        (0, {"a": 5, "b": 5}, {"a": 0, "b": 0}),
        (3, {"a": 5, "b": 5}, {"a": 1, "b": 0}),
        (10, {"a": 5, "b": 5}, {"a": 3, "b": 3}),
        (10, {"a": 1, "b": 50}, {"a": 1, "b": 5}),
        (10, {"a": 0, "b": 50}, {"a": 0, "b": 8}),
        (100, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
    ],
)
def test_lines_are_shared_out(room: int, wanted: dict[str, int], given: dict[str, int]):
    assert shares(room, wanted) == given


def test_a_job_that_does_not_run_has_no_pace_and_says_since_when():
    shown = drawn(replace(BUSY, state="DONE", since=NOW - 300, waiting=None), 100)

    assert shown[0].startswith("mix  DONE  local  5 min ago")
    assert shown[1] == "617 elements   in work 2"


def test_a_job_that_never_ran_says_what_to_do():
    shown = drawn(replace(IDLE, state="", kind="", since=0.0, waiting=None, hint="run it"), 100)

    assert shown[0].startswith("mix  never ran")
    assert shown[3:] == ["run it"]


def test_what_is_lost_has_no_progress():
    stand, _ = working("a", 100, 0.4)

    assert "lost " in "\n".join(drawn(replace(IDLE, in_work=[(stand, LOST)]), 100))
    assert "40%" not in "\n".join(drawn(replace(IDLE, in_work=[(stand, LOST)]), 100))


def test_an_element_cannot_move_the_cursor_or_colour_the_screen():
    shown = "\n".join(drawn(replace(IDLE, in_work=[working("\x1b[2J[bold]x[/bold]", 1, note="\x1b[31m")]), 120))

    assert "\\x1b[2J[bold]x[/bold]" in shown
    assert "\x1b" not in shown
