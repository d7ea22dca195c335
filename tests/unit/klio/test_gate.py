import pytest

from klio.gate import Gate
from klio_core.decision import Action, Verdict
from klio_core.message import ANYONE, Arrival, Format, JobRef, Limited, Message

ME = JobRef("mixer", "proj")


@pytest.fixture
def decide(place):
    def one(message, **config):
        raw = message if isinstance(message, bytes) else message.encode()
        (decision,) = Gate(place.config(**config), ME).decide([raw])
        return decision

    return one


def test_input_without_output_is_work(place, decide):
    place.put("in", "a.wav")
    assert decide(Message.of(b"a")).verdict == Verdict(Action.PROCESS)


def test_an_output_that_exists_is_passed_on(place, decide):
    place.put("out", "a.ogg")
    assert decide(Message.of(b"a")).verdict == Verdict(Action.PASS_ON, "output exists")


def test_force_works_although_the_output_exists(place, decide):
    place.put("in", "a.wav")
    place.put("out", "a.ogg")
    assert decide(Message.of(b"a", force=True)).verdict == Verdict(Action.PROCESS)


def test_a_job_file_that_says_force_is_false_overrules_the_message(place, decide):
    place.put("in", "a.wav")
    place.put("out", "a.ogg")
    decision = decide(Message.of(b"a", force=True), data_output=", force: false")
    assert decision.verdict == Verdict(Action.PASS_ON, "output exists")


def test_a_ping_is_passed_on_though_nothing_is_there(decide):
    assert decide(Message.of(b"a", ping=True)).verdict == Verdict(Action.PASS_ON, "ping")


def test_a_ping_is_passed_on_though_its_element_could_be_no_file(decide):
    assert decide(Message.of(b"../a", ping=True)).verdict == Verdict(Action.PASS_ON, "ping")


def test_a_missing_input_is_a_drop_with_its_reason(decide):
    assert decide(Message.of(b"a")).verdict == Verdict(Action.DROP, "input missing")


def test_a_check_that_is_skipped_asks_nothing(decide):
    assert decide(Message.of(b"a"), data_input=", skip_klio_existence_check: true").verdict == Verdict(Action.PROCESS)


def test_a_split_element_needs_all_its_files(place, decide):
    place.put("in", "a.wav")
    assert decide(Message.of(b"a,b"), data_input=', split: ","').verdict == Verdict(Action.DROP, "input missing")
    place.put("in", "b.wav")
    assert decide(Message.of(b"a,b"), data_input=', split: ","').verdict == Verdict(Action.PROCESS)


def test_messages_for_others_are_dropped_and_nothing_is_looked_up(decide):
    decision = decide(Message.of(b"../a", recipients=Limited((JobRef("other", "proj"),))))
    assert decision.verdict == Verdict(Action.DROP, "not addressed to us")


def test_what_goes_on_has_us_in_its_audit_log(place, decide):
    place.put("in", "a.wav")
    assert [visit.job for visit in decide(Message.of(b"a")).message.audit_log] == [ME]


def test_what_comes_back_to_the_job_that_asked_for_it_is_for_anyone_again(place, decide):
    place.put("in", "a.wav")
    assert decide(Message.of(b"a", recipients=Limited((ME,), ME))).message.recipients is ANYONE


@pytest.mark.parametrize(
    "element", [b"..", b"../x", b"a/../../b", b"/abs", b"a\0b", b"a\nb", b"x" * 1025, b"\xff\xfe", b"gs://other/x"]
)
def test_an_element_that_can_be_no_file_is_a_dead_letter(element, decide):
    decision = decide(Message.of(element))
    assert decision.verdict == Verdict(Action.DEAD_LETTER, "bad-element")
    assert decision.error.reason == "bad-element"


def test_bytes_that_are_no_message_are_a_dead_letter(decide):
    assert decide(b"plain").error.reason == "undecodable"


def test_where_plain_identifiers_are_allowed_they_are_elements(place, decide):
    place.put("in", "plain.wav")
    decision = decide(b"plain", job="allow_non_klio_messages: true")
    assert (decision.verdict, decision.message.element) == (Verdict(Action.PROCESS), b"plain")


def test_a_raw_input_takes_every_byte_for_the_element(place):
    place.put("in", "plain.wav")
    (decision,) = Gate(place.config(), ME, Format.RAW).decide([b"plain"])
    assert decision.verdict == Verdict(Action.PROCESS)


def test_a_bundle_is_decided_together_and_answered_in_order(place):
    for name in ("a", "c"):
        place.put("in", f"{name}.wav")
    place.put("out", "c.ogg")
    raws = [Message.of(name).encode() for name in (b"a", b"b", b"c", b"../d")]
    decisions = Gate(place.config(), ME).decide([*raws, b"plain"])
    assert [(d.verdict.action, d.verdict.reason) for d in decisions] == [
        (Action.PROCESS, ""),
        (Action.DROP, "input missing"),
        (Action.PASS_ON, "output exists"),
        (Action.DEAD_LETTER, "bad-element"),
        (Action.DEAD_LETTER, "undecodable"),
    ]


def test_the_bytes_that_came_are_kept_as_they_were(place):
    raw = Message.of(b"a", recipients=Limited((ME,), ME)).encode()
    gate = Gate(place.config(), ME, source="a topic")
    (decision,) = gate.decide([raw])
    assert decision.message.arrival == Arrival(raw, "a topic")
    assert decision.message.recipients is ANYONE

    (bare,) = Gate(place.config(), ME, Format.RAW).decide([b"plain"])
    assert bare.message.arrival == Arrival(b"plain")


def test_what_another_job_noted_does_not_grow_from_job_to_job(place):
    gate = Gate(place.config(), ME, source="here")
    (there,) = gate.decide([Message.of(b"a", payload=b"p").encode()])
    (here,) = gate.decide([there.message.encode()])
    came = Message.decode(here.message.arrival.event)
    assert came == there.message.leaving(keep_payload=True)
