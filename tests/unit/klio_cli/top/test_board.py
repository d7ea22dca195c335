from __future__ import annotations

import pytest

from klio_cli.top.board import Board
from klio_core.status import State, Status

NOW = 1000.0


def told(element: str, state: State, at: float, note: str = "", worker: str = "w1", attempt: int = 1) -> Status:
    return Status(element.encode(), "hello", state, at, note=note, worker=worker, attempt=attempt)


def counts(board: Board) -> dict[str, int]:
    return {str(state): reasons.total() for state, reasons in board.reasons.items() if reasons}


def test_verdicts_are_counted_with_their_reasons_and_for_their_workers():
    board = Board("hello", 60, since=900)
    board.take("w1", [told("a", State.LEASED, 901), told("a", State.COMMITTED, 902)])
    board.take("w2", [told("b", State.PASSED_ON, 903, "output exists", "w2")])
    board.take("w1", [told("c", State.DEAD_LETTER, 904, "exception: ValueError: no")])

    assert {str(state): dict(reasons) for state, reasons in board.reasons.items() if reasons} == {
        "committed": {"": 1},
        "passed on": {"output exists": 1},
        "dead letter": {"exception": 1},
    }
    assert dict(board.done) == {"w1": 2, "w2": 1}
    assert [letter.element for letter in board.letters] == [b"c"]


def test_an_end_that_is_told_for_each_output_counts_once_and_one_of_another_try_again():
    board = Board("hello", 60, since=0)
    board.take("w1", [told("a", State.LEASED, 1), told("a", State.COMMITTED, 2), told("a", State.COMMITTED, 2)])
    assert counts(board) == {"committed": 1}

    board.take("w1", [told("a", State.LEASED, 5), told("a", State.PASSED_ON, 6, "output exists")])
    assert counts(board) == {"committed": 1, "passed on": 1}


def test_what_was_told_before_the_run_or_by_another_job_does_not_count():
    board = Board("hello", 60, since=900)
    other = Status(b"b", "other", State.COMMITTED, 950)
    board.take("w1", [told("a", State.COMMITTED, 899), other])

    assert counts(board) == {}


@pytest.mark.parametrize(
    ("ends", "within_s", "expected"),
    [
        ([], 10, 0.0),
        ([NOW - 1] * 20, 10, 2.0),
        ([NOW - 11] * 20, 10, 0.0),
        ([NOW - 11] * 30 + [NOW - 1] * 30, 60, 1.0),
        ([NOW - 61] * 30, 60, 0.0),
    ],
)
def test_the_rate_is_of_the_last_seconds(ends: list[float], within_s: float, expected: float):
    board = Board("hello", 60, since=0)
    board.take("w1", [told(str(number), State.COMMITTED, at) for number, at in enumerate(ends)])

    assert board.rate(NOW, within_s) == expected


def test_the_rate_of_a_run_that_has_just_begun_is_that_of_its_time():
    board = Board("hello", 60, since=NOW - 4)
    board.take("w1", [told(str(number), State.COMMITTED, NOW - 1) for number in range(8)])

    assert board.rate(NOW, 60) == 2.0


def test_what_a_worker_tells_in_portions_is_one_story():
    whole, portions = Board("hello", 60, since=0), Board("hello", 60, since=0)
    story = [
        told("a", State.LEASED, 1),
        told("a", State.WORKING, 2),
        told("a", State.WORKING, 3),
        told("b", State.LEASED, 4),
        told("a", State.COMMITTED, 5),
        told("b", State.WORKING, 6),
        told("a", State.WORKING, 5.5),  # a repetition that was on its way
    ]
    whole.take("w1", story)
    for record in story:
        portions.take("w1", [record])

    for board in (whole, portions):
        (stand,) = board.standing.those_in("working", now=7)
        assert (stand.record.element, stand.since) == (b"b", 6)
        assert counts(board) == {"committed": 1}
