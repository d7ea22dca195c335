import random
import string
from datetime import UTC, datetime

import pytest
from apache_beam.typehints import Any
from apache_beam.typehints.trivial_inference import infer_return_type
from hypothesis import given
from hypothesis import strategies as st

from klio_core.errors import UndecodableMessage, UnknownVersion
from klio_core.message import ANYONE, Arrival, Decided, Format, JobRef, Limited, Message, Visit

ME = JobRef("my-job", "proj")
UP = JobRef("up", "proj")

# What klio 22.3 puts on the wire.
WIRE = {
    "v2": "12071a0568656c6c6f1802",
    "top-down": "0a0432020a0012071a0568656c6c6f1802",
    "ping": "0a06280132020a0012071a0568656c6c6f1802",
    "force": "0a06200132020a0012071a0568656c6c6f1802",
    "bottom-up": "0a14321212100a0e0a066d792d6a6f62120470726f6a12071a0568656c6c6f1802",
    "trigger": "0a30322e122c0a0e0a066d792d6a6f62120470726f6a0a0a0a027570120470726f6a120e0a066d792d6a6f62120470726f6a"
    "12071a0568656c6c6f1802",
    "v1": "12070a0568656c6c6f1801",
    "v1 bottom-up": "0a100a0e0a066d792d6a6f62120470726f6a12070a0568656c6c6f1801",
    "payload and audit": "0a1a1a180a060880a0f8fa05120e0a066d792d6a6f62120470726f6a120b1202706c1a0568656c6c6f1802",
}


def wire(name: str) -> bytes:
    return bytes.fromhex(WIRE[name])


@pytest.mark.parametrize("name", WIRE)
def test_every_message_of_klio_comes_back_byte_for_byte(name):
    assert Message.decode(wire(name)).encode() == wire(name)


@pytest.mark.parametrize("name", WIRE)
def test_every_version_names_its_element(name):
    assert Message.decode(wire(name)).element == b"hello"


def test_new_messages_are_klios_own_bytes():
    assert Message.of(b"hello").encode() == wire("top-down")
    assert Message.of(b"hello", ping=True).encode() == wire("ping")
    assert Message.of(b"hello", force=True).encode() == wire("force")
    assert Message.of(b"hello", recipients=Limited((ME,))).encode() == wire("bottom-up")
    assert Message.of(b"hello", recipients=Limited((ME, UP), ME)).encode() == wire("trigger")


def test_a_message_says_what_is_on_the_wire():
    message = Message.decode(wire("payload and audit"))
    assert message.payload == b"pl"
    assert message.audit_log == (Visit(datetime.fromtimestamp(1600000000, UTC), ME),)
    assert message.recipients is None
    assert (message.version, message.force, message.ping) == (2, False, False)


def test_fields_we_do_not_know_survive_a_change():
    newer = wire("top-down") + b"\xc2\x3e\x03new"  # field 1000, a string
    changed = Message.decode(newer).with_visit(Visit(datetime.now(UTC), ME)).leaving()
    assert changed.encode().endswith(b"\xc2\x3e\x03new")


def test_a_version_we_do_not_know_is_said_so():
    with pytest.raises(UnknownVersion) as error:
        Message.decode(bytes.fromhex("12071a0568656c6c6f1807"))
    assert str(error.value) == (
        "a KlioMessage of version 7\n"
        "  expected: version 1 or 2\n"
        "  got: b'\\x12\\x07\\x1a\\x05hello\\x18\\x07'\n"
        "  to do: upgrade klio in this job, or publish messages of a version that it knows"
    )


@pytest.mark.parametrize("raw", [b"plain-id", b"", b"\xff\xff\xff", b"\x18\x02", b"{}"])
def test_bytes_that_are_no_message_are_an_error(raw):
    with pytest.raises(UndecodableMessage, match="the event is no KlioMessage"):
        Message.decode(raw)


ids = st.text("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.,/ ", min_size=1, max_size=40)


@given(ids)
def test_a_plain_identifier_is_never_mistaken_for_a_message(text):
    message = Message.decode(text.encode(), Format.EITHER)
    assert (message.element, message.version, message.recipients) == (text.encode(), 2, ANYONE)


@pytest.mark.parametrize("alphabet", [string.digits, string.digits + string.ascii_letters], ids=["decimal", "base62"])
def test_a_hundred_thousand_identifiers_keep_their_identity(alphabet):
    chance = random.Random(62)
    names = ["".join(chance.choices(alphabet, k=chance.randint(4, 40))).encode() for _ in range(100_000)]
    assert [Message.decode(name, Format.EITHER).element for name in names] == names


@given(st.binary(min_size=1, max_size=60))
def test_raw_bytes_are_always_the_element(raw):
    assert Message.decode(raw, Format.RAW).element == raw


@given(st.binary(max_size=60))
def test_reading_either_way_never_fails(raw):
    assert isinstance(Message.decode(raw, Format.EITHER), Message)


def test_a_message_among_plain_identifiers_is_still_a_message():
    assert Message.decode(wire("ping"), Format.EITHER).ping


@pytest.mark.parametrize(
    ("recipients", "kept"),
    [
        (ANYONE, ANYONE),
        (Limited((ME,)), Limited((ME,))),
        (Limited((UP,)), None),
        (Limited(()), None),
        (Limited((JobRef("my-job", "other"),)), None),
        (Limited((ME, UP), ME), ANYONE),
        (Limited((ME, UP), UP), Limited((ME, UP), UP)),
        (Limited((UP,), ME), None),
    ],
)
def test_a_job_takes_what_is_addressed_to_it(recipients, kept):
    mine = Message.of(b"a", recipients=recipients).addressed_to(ME)
    assert (mine and mine.recipients) == kept


def test_version_1_is_addressed_by_its_downstream():
    assert Message.decode(wire("v1")).addressed_to(ME) is not None
    assert Message.decode(wire("v1 bottom-up")).addressed_to(ME) is not None
    assert Message.decode(wire("v1 bottom-up")).addressed_to(UP) is None


def test_a_version_2_message_without_recipients_is_for_nobody():
    assert Message.decode(wire("v2")).addressed_to(ME) is None


def test_jobs_with_a_hyphen_at_the_seam_are_two_jobs():
    assert Message.of(b"a", recipients=Limited((JobRef("a-b", "p"),))).addressed_to(JobRef("b", "p-a")) is None


def test_nothing_changes_a_message():
    message = Message.of(b"a")
    before = message.encode()
    message.with_data(b"b", b"payload")
    message.with_recipients(Limited((ME,)))
    message.with_decided(Decided("run", "process"))
    message.with_force()
    message.author_data().element = b"c"
    assert message.encode() == before


def test_version_1_carries_no_payload():
    assert Message.decode(wire("v1")).with_data(b"hello", b"payload").payload == b""


def test_a_message_leaves_without_what_was_only_for_the_job():
    inside = Message.of(b"a").with_data(b"a", b"payload").with_decided(Decided("run", "process", ""))
    assert inside.leaving().encode() == Message.of(b"a").encode()
    assert inside.leaving(keep_payload=True).payload == b"payload"
    assert inside.decided == Decided("run", "process", "")


def test_how_a_message_came_stays_with_it_inside_the_job_and_no_further():
    visit = Visit(datetime.now(UTC), ME)
    inside = Message.of(b"a").with_visit(visit, Arrival(b"\xffas it came", "the topic")).with_data(b"b", b"payload")
    assert Message.decode(inside.encode()).arrival == Arrival(b"\xffas it came", "the topic")
    assert inside.leaving().arrival is None
    assert Message.of(b"a").with_visit(visit).arrival is None


def test_force_is_all_that_forcing_changes():
    assert Message.of(b"a", payload=b"p").with_force() == Message.of(b"a", payload=b"p", force=True)


def test_what_was_just_encoded_is_not_parsed_again():
    message = Message.of(b"a", payload=b"p")
    raw = message.encode()
    assert Message.decode(raw) is message
    assert Message.decode(bytes(bytearray(raw))) == message  # the same bytes in another object are parsed


def test_bytes_that_are_to_be_the_element_are_no_message_although_they_were_one():
    raw = Message.of(b"a").encode()
    assert Message.decode(raw, Format.RAW).element == raw


def test_a_message_without_an_element_is_refused_by_whoever_reads_it_however_near():
    raw = Message.of(b"a").with_data(b"", b"p").encode()
    with pytest.raises(UndecodableMessage):
        Message.decode(raw)


def test_bytes_that_can_change_are_parsed_each_time():
    first, second = Message.of(b"a").encode(), Message.of(b"b").encode()
    changing = bytearray(first)
    assert Message.decode(changing).element == b"a"
    changing[:] = second
    assert Message.decode(changing).element == b"b"


def test_data_that_is_as_it_was_leaves_the_message_as_it_is():
    message = Message.decode(Message.of(b"a", payload=b"p").encode())
    assert message.with_data(b"a", b"p") is message
    assert message.with_data(b"a", b"").payload == b""
    assert message.with_data(b"b", b"p").element == b"b"


def test_what_is_remembered_is_nothing_that_beam_infers_types_from():
    def first_letter(raw):
        return Message.decode(raw).element.decode()[0]

    before = infer_return_type(first_letter, [bytes])
    Message.of(b"a").encode()
    assert infer_return_type(first_letter, [bytes]) == before == Any
