"""Status records and dead letters: what is written is what is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klio_core.dead_letter import DeadLetter, Failure
from klio_core.errors import BadElement, UndecodableMessage
from klio_core.status import State, Status

statuses = st.builds(
    Status,
    element=st.binary(max_size=30),
    job=st.text(max_size=10),
    state=st.sampled_from(State),
    at=st.floats(0, 2e9),
    progress=st.none() | st.floats(0, 1),
    note=st.text(max_size=20),
    attempt=st.integers(1, 9),
    worker=st.text(max_size=10),
    seconds=st.none() | st.floats(0, 1e6),
)
letters = st.builds(
    DeadLetter,
    message=st.binary(max_size=30),
    element=st.binary(max_size=30),
    job=st.text(max_size=10),
    reason=st.text(max_size=10),
    error=st.text(max_size=10),
    text=st.text(max_size=20),
    at=st.floats(0, 2e9),
    trace=st.text(max_size=20),
    attempts=st.integers(1, 9),
)


@given(statuses)
def test_a_status_is_read_as_it_was_written(status):
    assert Status.decode(status.encode()) == status


@given(letters)
def test_a_dead_letter_is_read_as_it_was_written(letter):
    assert DeadLetter.decode(letter.encode()) == letter


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"state": "lazy"}', b"\xff"])
def test_what_is_no_record_is_an_error(raw):
    with pytest.raises(UndecodableMessage):
        Status.decode(raw)
    with pytest.raises(UndecodableMessage):
        DeadLetter.decode(raw)


def test_only_the_last_states_are_final():
    assert [state for state in State if not state.final] == [State.QUEUED, State.LEASED, State.WORKING]


def test_a_failure_has_the_stable_word_of_our_own_errors():
    assert Failure.of(BadElement("the element is empty")).reason == "bad-element"
    assert Failure.of(ZeroDivisionError("division by zero")).reason == "exception"


def test_one_message_with_one_reason_is_one_file():
    one = DeadLetter(b"m", b"e", "job", "exception", "ValueError", "no", 1.0)
    again = DeadLetter(b"m", b"e", "job", "exception", "ValueError", "no", 2.0, attempts=2)
    other = DeadLetter(b"m", b"e", "job", "bad-element", "BadElement", "no", 1.0)
    assert one.name == again.name != other.name
