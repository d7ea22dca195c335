import logging
import pickle
import uuid

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from klio.context import KlioContext, bind
from klio.transforms import helpers
from klio_core.config import parse
from klio_core.errors import JobCodeError, UsageError
from klio_core.message import ANYONE, JobRef, Limited, Message

ME = JobRef("mixer", "proj")
OTHER = JobRef("other", "proj")
PARENT = JobRef("parent", "proj")
TOPIC = "projects/proj/topics/parent-in"


def outputs(transform, *messages, context=None):
    """What a transform makes of messages, by the output they leave by (None: the main one)."""
    dofn = transform.fn if isinstance(transform, beam.ParDo) else transform._do_transform.fn
    dofn = pickle.loads(pickle.dumps(dofn))
    raws = [message if isinstance(message, bytes) else message.encode() for message in messages]
    results = [result for raw in raws for result in dofn.process(raw)]
    return [
        (getattr(result, "tag", None), Message.decode(getattr(result, "value", result)).element) for result in results
    ]


def piped(pcoll_of, *messages):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        raws = pipeline | beam.Create([message.encode() for message in messages])
        pcoll_of(raws)


def test_existence_is_told_by_output(bound, place):
    context = bound()
    place.put("in", "a.wav")
    place.put("out", "b.ogg")
    both = Message.of(b"a"), Message.of(b"b")
    assert outputs(helpers.KlioGcsCheckInputExists(), *both) == [("found", b"a"), ("not_found", b"b")]
    assert outputs(helpers.KlioGcsCheckOutputExists(), *both) == [("not_found", b"a"), ("found", b"b")]
    assert context.metrics.names == set()  # the DoFns were pickled: they count in a context of their own


def test_existence_is_looked_for_although_klio_itself_does_not(bound, place):
    bound(data_input=", skip_klio_existence_check: true")
    assert outputs(helpers.KlioGcsCheckInputExists(), Message.of(b"a")) == [("not_found", b"a")]


def test_an_element_that_is_no_path_is_a_dead_letter_and_not_lost(bound, place):
    bound()
    assert outputs(helpers.KlioGcsCheckInputExists(), Message.of(b"../a")) == [("drop", b"../a")]
    assert [letter.reason for letter in place.letters] == ["bad-element"]


def test_existence_without_a_place_to_look_is_an_error_of_the_job():
    before = bind(KlioContext(parse("job_name: mixer\njob_config: {}\n")))
    try:
        with pytest.raises(JobCodeError, match="does not say where"):
            outputs(helpers.KlioGcsCheckInputExists(), Message.of(b"a"))
    finally:
        bind(before)


@pytest.mark.parametrize(("said", "ping", "output"), [("", True, "pass_thru"), ("", False, "process"),
    (", ping: true", False, "pass_thru"), (", ping: false", True, "process")])  # fmt: skip
def test_ping_is_what_the_job_file_says_else_the_message(bound, said, ping, output):
    bound(data_input=said)
    assert outputs(helpers.KlioFilterPing(), Message.of(b"a", ping=ping)) == [(output, b"a")]


@pytest.mark.parametrize(("said", "force", "output"), [("", True, "process"), ("", False, "pass_thru"),
    (", force: true", False, "process"), (", force: false", True, "pass_thru")])  # fmt: skip
def test_force_is_what_the_job_file_says_else_the_message(bound, said, force, output):
    bound(data_output=said)
    assert outputs(helpers.KlioFilterForce(), Message.of(b"a", force=force)) == [(output, b"a")]


def test_messages_for_others_are_dropped(bound):
    bound()
    given = (
        Message.of(b"a"),
        Message.of(b"b", recipients=Limited((OTHER,))),
        Message.of(b"c", recipients=Limited((ME,))),
    )
    found = [("process", b"a"), ("drop", b"b"), ("process", b"c")]
    assert outputs(helpers.KlioCheckRecipients(), *given) == found
    assert outputs(helpers._KlioV1CheckRecipients(), *given) == found


def test_versions_are_told_by_output(bound):
    bound()
    old = b"\x12\x03\x0a\x01b"  # data.entity_id "b", no version
    assert outputs(helpers._KlioTagMessageVersion(), Message.of(b"a"), old) == [("v2", b"a"), ("v1", b"b")]


def test_the_audit_log_gets_this_job(bound):
    bound()
    (raw,) = helpers.KlioUpdateAuditLog().fn.process(Message.of(b"a").encode())
    assert [visit.job for visit in Message.decode(raw).audit_log] == [ME]


def test_a_dropped_message_ends_there_and_is_told(bound, caplog):
    bound()
    caplog.set_level(logging.INFO, "klio")
    assert outputs(helpers.KlioDrop(), Message.of(b"a")) == []
    assert "b'a' is dropped by run()" in caplog.text


def test_acknowledging_is_passing_on():
    assert list(helpers.KlioAckInputMessage().process(b"a")) == [b"a"]


def test_what_is_no_message_is_a_dead_letter(bound, place):
    bound()
    assert [r.tag for r in helpers.KlioFilterPing()._do_transform.fn.process(b"plain")] == ["drop"]
    assert [letter.reason for letter in place.letters] == ["undecodable"]


def test_they_stand_right_behind_the_bar(bound, place):
    bound()
    place.put("in", "a.wav")

    def draw(raws):
        exists = raws | helpers.KlioGcsCheckInputExists()
        filtered = exists.found | helpers.KlioFilterPing()
        shown = filtered.process | helpers.KlioDebugMessage(prefix="here: ", log_level="debug")
        counted = shown | beam.ParDo(helpers.KlioMessageCounter("mine", "Mine")) | helpers.KlioUpdateAuditLog()
        assert_that(counted | beam.Map(lambda raw: Message.decode(raw).element), equal_to([b"a"]))
        missing = exists.not_found | "Elements" >> beam.Map(lambda raw: Message.decode(raw).element)
        assert_that(missing, equal_to([b"b"]), label="missing")
        exists.not_found | helpers.KlioDrop()

    piped(draw, Message.of(b"a"), Message.of(b"b"))


def test_a_debug_message_is_logged_at_its_level(bound, caplog):
    bound()
    caplog.set_level(logging.WARNING, "klio")
    piped(lambda raws: raws | helpers.KlioDebugMessage(prefix="here: ", log_level="WARNING"), Message.of(b"a"))
    assert "here: Message(b'a'" in caplog.text


def test_a_level_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="log_level"):
        helpers.KlioDebugMessage(log_level="loud")


def test_a_parent_is_named_with_its_topic():
    with pytest.raises(UsageError):
        helpers.KlioTriggerUpstream("parent", "parent-in")


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        (ANYONE, Limited((PARENT, ME), ME)),
        (Limited((ME,)), Limited((PARENT, ME))),
        (Limited((ME, PARENT), OTHER), Limited((PARENT, ME), OTHER)),
    ],
)
def test_a_parent_is_asked_for_us_alone_and_without_payload(bound, came, goes):
    from klio.transforms.trigger import _Ask

    bound()
    (raw,) = _Ask(PARENT, logging.DEBUG).fn.process(Message.of(b"a", recipients=came, payload=b"large").encode())
    asked = Message.decode(raw)
    assert (asked.element, asked.payload, asked.recipients) == (b"a", b"", goes)


def test_the_one_event_output_is_written(tmp_path):
    where = tmp_path / uuid.uuid4().hex
    text = "job_name: mixer\npipeline_options: {streaming: false}\n"
    text += f"job_config: {{events: {{outputs: [{{type: file, location: {where}}}]}}}}\n"
    before = bind(KlioContext(parse(text)))
    try:
        piped(lambda raws: raws | helpers.KlioWriteToEventOutput(), Message.of(b"a"), Message.of(b"b"))
    finally:
        bind(before)
    lines = [line for path in tmp_path.rglob("*") if path.is_file() for line in path.read_text().split()]
    assert sorted(lines) == ["a", "b"]


def test_without_one_event_output_nothing_can_be_written(bound):
    bound()
    with pytest.raises(JobCodeError, match="the one event output"):
        piped(lambda raws: raws | helpers.KlioWriteToEventOutput(), Message.of(b"a"))
