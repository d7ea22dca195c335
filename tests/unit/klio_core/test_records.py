"""Status records and dead letters: what is written is what is read."""

import json
import re

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
    source=st.text(max_size=10),
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


def test_two_elements_of_one_message_are_two_letters():
    one = DeadLetter(b"album", b"track 1", "job", "exception", "ValueError", "no", 1.0)
    other = DeadLetter(b"album", b"track 2", "job", "exception", "ValueError", "no", 1.0)
    assert one.name != other.name


def test_a_reason_of_the_authors_own_is_no_path():
    letter = DeadLetter(b"m", b"e", "job", "../no such/thing" * 9, "MyError", "no", 1.0)
    assert "/" not in letter.name
    assert len(letter.name) < 100


def test_letters_of_an_older_and_of_a_newer_klio_are_read():
    letter = DeadLetter(b"m", b"e", "job", "exception", "ValueError", "no", 1.0)
    fields = json.loads(letter.encode())
    older = json.dumps({key: value for key, value in fields.items() if key != "source"})
    newer = json.dumps(fields | {"mood": "sad"})
    assert DeadLetter.decode(older.encode()) == DeadLetter.decode(newer.encode()) == letter


def failing(text):
    with pytest.raises(ValueError, match=re.escape(text[:9])) as caught:
        raise ValueError(text)
    return Failure.of(caught.value)


def test_a_failure_keeps_no_secret():
    failure = failing("GET https://host/x?access_token=hunter2 answered 401")
    assert failure.text == "GET https://host/x?access_token=<redacted> answered 401"
    assert "hunter2" not in failure.traceback
    assert "access_token=<redacted> answered 401" in failure.traceback


def test_what_is_endless_is_cut_in_its_middle():
    failure = failing("begin" + "x" * 200_000 + "end")
    assert len(failure.text) < 21_000
    assert failure.text.startswith("beginxxx")
    assert failure.text.endswith("xxxend")
    assert "180008 characters left out" in failure.text
    assert len(failure.traceback) < 101_000
