from __future__ import annotations

import json

import pytest

from klio_cli.standing import Standing
from klio_cli.standing_text import ago, as_json
from klio_core.status import State, Status

A = b"a"


def told(state: State, at: float, worker: str = "w1", attempt: int = 1, element: bytes = A) -> Status:
    return Status(element, "hello", state, at, attempt=attempt, worker=worker)


def stands(*workers: list[Status], now: float = 100.0) -> tuple[str, int, float]:
    """The state of A, its attempt, and since when."""
    standing = Standing("hello", lease_s=60)
    for records in workers:
        standing.take(records)
    stand = standing.of(A)
    assert stand is not None
    return standing.state(stand, now), stand.record.attempt, stand.since


def test_the_last_thing_said_counts_since_it_was_said_first():
    work = [told(State.LEASED, 1), told(State.WORKING, 2), told(State.WORKING, 40), told(State.WORKING, 80)]

    assert stands(work) == ("working", 1, 2)


@pytest.mark.parametrize("state", [State.LEASED, State.WORKING])
def test_what_nobody_renews_is_lost_when_its_lease_is_over(state: State):
    assert stands([told(state, 1)], now=61.0)[0] == str(state)
    assert stands([told(state, 1)], now=61.1)[0] == "lost"


@pytest.mark.parametrize("state", [state for state in State if state not in (State.LEASED, State.WORKING)])
def test_what_no_worker_has_is_never_lost(state: State):
    assert stands([told(state, 1)], now=10_000.0)[0] == str(state)


def test_a_lease_that_is_said_again_is_the_same_one():
    assert stands([told(State.LEASED, 1), told(State.LEASED, 21), told(State.LEASED, 41)]) == ("leased", 1, 1)


def test_another_attempt_takes_over_from_a_worker_that_died():
    dead = [told(State.LEASED, 1), told(State.WORKING, 2)]
    other = [told(State.LEASED, 70, "w2", 2), told(State.COMMITTED, 75, "w2", 2)]

    assert stands(dead, other) == stands(other, dead) == ("committed", 2, 75)


def test_a_worker_that_stood_still_does_not_speak_for_the_one_that_began_later():
    stood_still = [told(State.LEASED, 1), told(State.WORKING, 2), told(State.WORKING, 99)]
    other = [told(State.LEASED, 70, "w2"), told(State.COMMITTED, 75, "w2")]

    assert stands(stood_still, other) == stands(other, stood_still) == ("committed", 1, 75)


def test_a_repetition_that_comes_late_does_not_undo_the_end():
    assert stands([told(State.LEASED, 1), told(State.COMMITTED, 5), told(State.WORKING, 5.1)]) == ("committed", 1, 5)


def test_an_element_that_is_published_again_begins_anew():
    again = [told(State.LEASED, 1), told(State.COMMITTED, 5), told(State.LEASED, 90)]

    assert stands(again) == ("leased", 1, 90)


def test_a_failed_attempt_is_in_the_queue_until_the_next():
    failed = [told(State.LEASED, 1), told(State.WORKING, 2), told(State.QUEUED, 3)]

    assert stands(failed, now=1000.0) == ("queued", 1, 3)
    assert stands([*failed, told(State.LEASED, 9, attempt=2)], now=10.0) == ("leased", 2, 9)


def test_records_of_other_jobs_are_theirs():
    standing = Standing("louder", lease_s=60)
    standing.take([told(State.COMMITTED, 1)])

    assert standing.of(A) is None


def test_a_program_reads_the_counts_and_the_elements():
    standing = Standing("hello", lease_s=60)
    standing.take([told(State.COMMITTED, 1, element=b"caf\xe9", attempt=2), told(State.WORKING, 1)])
    read = json.loads(as_json(standing, list(standing.those_in("lost", now=100.0)), 100.0))

    assert read["job"] == "hello"
    assert read["states"] == {
        "committed": {"elements": 1, "tried_again": 1},
        "lost": {"elements": 1, "tried_again": 0},
    }
    (lost,) = read["elements"]
    assert (lost["element"], lost["state"], lost["attempt"], lost["worker"], lost["since"]) == ("a", "lost", 1, "w1", 1)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "just now"), (59.9, "59 s ago"), (61, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_spans_of_time_are_said_as_people_say_them(seconds: float, said: str):
    assert ago(seconds) == said
