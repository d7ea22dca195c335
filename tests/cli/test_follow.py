from __future__ import annotations

import io

import pytest

from klio_cli.follow import Follow
from klio_cli.lines import status_line
from klio_cli.terminal import Terminal
from klio_cli.watch import NOBODY, screen, watch
from klio_core.status import State, Status
from tests.steps import calls_in

A, B = b"a", b"b"


def record(element: bytes, state: State, at: float = 1.0, job: str = "hello", attempt: int = 1) -> Status:
    return Status(element, job, state, at, attempt=attempt)


def states(following: Follow) -> dict[bytes, State]:
    return {element: latest.state for element, latest in following.latest.items()}


def test_elements_are_queued_until_something_is_heard():
    following = Follow([A, B, A], "hello", started=0.0)

    assert states(following) == {A: State.QUEUED, B: State.QUEUED}
    assert (following.done, following.dead, following.summary()) == (False, False, "2 queued")


def test_all_are_done_when_each_has_a_final_state():
    following = Follow([A, B], "hello", started=0.0)

    changed = [
        following.saw(record(A, State.WORKING)),
        following.saw(record(A, State.COMMITTED, at=2.0)),
        following.saw(record(B, State.PASSED_ON)),
    ]

    assert changed == [True, True, True]
    assert (following.done, following.dead) == (True, False)
    assert following.summary() == "1 committed, 1 passed on"


def test_a_dead_letter_is_final_and_remembered():
    following = Follow([A], "hello", started=0.0)

    following.saw(record(A, State.DEAD_LETTER))

    assert (following.done, following.dead) == (True, True)


IGNORED = {
    "another job's": record(A, State.COMMITTED, job="other"),
    "another element's": record(b"z", State.COMMITTED),
    "one that came late": record(A, State.LEASED, at=0.5),
    "an earlier attempt's": record(A, State.WORKING, at=9.0, attempt=0),
}


@pytest.mark.parametrize("late", IGNORED.values(), ids=IGNORED.keys())
def test_a_record_that_tells_nothing_new_changes_nothing(late: Status):
    following = Follow([A], "hello", started=0.0)
    following.saw(record(A, State.WORKING))

    assert following.saw(late) is False
    assert states(following) == {A: State.WORKING}


def test_a_redelivery_after_the_end_does_not_undo_it():
    following = Follow([A], "hello", started=0.0)
    following.saw(record(A, State.COMMITTED))

    assert following.saw(record(A, State.LEASED, at=2.0, attempt=2)) is False
    assert following.done


def test_a_second_attempt_is_told_although_its_clock_is_behind():
    following = Follow([A], "hello", started=0.0)
    following.saw(record(A, State.WORKING, at=100.0))

    assert following.saw(record(A, State.WORKING, at=5.0, attempt=2)) is True


def test_silence_is_noticed_until_a_record_of_ours_comes():
    following = Follow([A], "hello", started=100.0)

    assert [following.unheard(now, patience=10.0) for now in (100.0, 109.9, 110.0)] == [False, False, True]
    following.saw(record(A, State.LEASED, job="other"))
    assert following.unheard(110.0, patience=10.0)
    following.saw(record(A, State.LEASED))
    assert not following.unheard(200.0, patience=10.0)


LINES = [
    (Status(A, "j", State.QUEUED, 0.0), "a  queued"),
    (Status(A, "j", State.WORKING, 0.0, progress=0.4, note="mixing"), "a  working 40 %  mixing"),
    (Status(A, "j", State.WORKING, 0.0, attempt=2), "a  working  attempt 2"),
    (Status(A, "j", State.COMMITTED, 0.0, progress=1.0, seconds=1.23), "a  committed  1.2 s"),
    (Status(A, "j", State.DROPPED, 0.0, note="input missing"), "a  dropped  input missing"),
    (Status("ä\x1b[2J\xa0\udcff".encode("utf-8", "surrogateescape"), "j", State.QUEUED, 0.0),
     "ä\\x1b[2J\\xa0\\udcff  queued"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "text"), LINES, ids=[text for _, text in LINES])
def test_a_record_is_one_line(status: Status, text: str):
    assert status_line(status) == text


def test_the_screen_shows_what_is_in_work_first_and_counts_the_rest():
    elements = [b"%02d" % n for n in range(30)]
    following = Follow(elements, "hello", started=0.0)
    for element in elements[:25]:
        following.saw(record(element, State.COMMITTED))
    following.saw(record(elements[29], State.WORKING))

    lines = screen(Terminal(stdout=io.StringIO()), following).splitlines()

    assert lines[:5] == ["25  queued", "26  queued", "27  queued", "28  queued", "29  working"]
    assert lines[-2:] == ["… and 10 more", "4 queued, 1 working, 25 committed"]
    assert len(lines) == 22


def test_watching_ends_with_the_last_record_and_skips_what_is_none():
    out = io.StringIO()
    bodies = iter([b"no record", None, record(A, State.WORKING).encode(), record(A, State.COMMITTED, at=2.0).encode()])

    watch(Terminal(stdout=out), Follow([A], "hello", started=0.0), lambda _seconds: next(bodies), patience=1e9)

    assert out.getvalue() == "a  working\na  committed\n"


def test_watching_says_once_that_nobody_seems_to_work():
    out, err = io.StringIO(), io.StringIO()
    bodies = iter([None, None, None, record(A, State.COMMITTED).encode()])

    watch(Terminal(None, out, err), Follow([A], "hello", started=0.0), lambda _seconds: next(bodies), patience=0.0)

    assert (out.getvalue(), err.getvalue()) == ("a  committed\n", f"{NOBODY}\n")


def interrupted(_seconds: float) -> bytes:
    raise KeyboardInterrupt


def test_ctrl_c_ends_the_watching_only():
    err = io.StringIO()

    with pytest.raises(KeyboardInterrupt):
        watch(Terminal(None, io.StringIO(), err), Follow([A], "hello", started=0.0), interrupted)

    assert err.getvalue() == "\nStopped following. What is published stays published.\n"


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_lines_are_redrawn_and_coloured_unless_no_color_says_otherwise():
    shown = {}
    for name, environ in (("colour", {}), ("plain", {"NO_COLOR": "1"})):
        bodies = iter([record(A, State.WORKING).encode(), record(A, State.COMMITTED, at=2.0).encode()])
        terminal = Terminal(stdout=Tty(), environ=environ)
        watch(terminal, Follow([A], "hello", started=0.0), lambda _seconds, bodies=bodies: next(bodies), patience=1e9)
        shown[name] = terminal.stdout.getvalue()

    assert "\x1b[32ma  committed\x1b[0m" in shown["colour"]
    assert "\x1b[32m" not in shown["plain"]
    assert "a  committed" in shown["plain"]
    assert "1 committed" in shown["plain"]


def test_each_of_ten_thousand_elements_costs_as_much_as_each_of_a_thousand():
    def work(number: int) -> int:
        elements = [b"%d" % n for n in range(number)]
        bodies = iter([record(element, State.COMMITTED).encode() for element in elements])
        terminal = Terminal(stdout=Tty(), environ={})
        return calls_in(lambda: watch(terminal, Follow(elements, "hello", 0.0), lambda _seconds: next(bodies), 1e9))

    assert work(10_000) < 11 * work(1000)
