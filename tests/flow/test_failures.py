"""Every way to fail ends in a dead letter, another try, or a drop with its reason: nothing is lost, nothing loops."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path

import apache_beam as beam
import pytest

from klio.transforms import decorators
from klio_core.errors import DataError
from klio_core.message import Message
from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub

from .conftest import NewJob, found
from .kit import Job, eventually


class Touchy(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if data.element.startswith(b"bad"):
            raise ValueError(f"{data.element.decode()} is no good")
        yield data


def touchy(events, config):
    return events | beam.ParDo(Touchy())


def raising(events, config):
    def picky(raw: bytes) -> bytes:
        if Message.decode(raw).element.startswith(b"bad"):
            raise ValueError("beam sees this")
        return raw

    return events | beam.Map(picky)


def plain(events, config):
    return events


def settle(job: Job) -> None:
    eventually(lambda: job.unacknowledged == 0)


def test_what_the_authors_code_raises_is_a_dead_letter_and_all_else_goes_on(new_job: NewJob):
    job = new_job()
    with job.thread(touchy) as here:
        job.publish("a", "bad1", "b", "bad2", "c")
        job.wait_for("a", "b", "c")
        settle(job)

    assert job.elements == {"a": 1, "b": 1, "c": 1}
    letters = {letter.element: letter for letter in job.letters}
    assert set(letters) == {b"bad1", b"bad2"}
    one = letters[b"bad1"]
    assert (one.reason, one.error, one.text) == ("exception", "ValueError", "bad1 is no good")
    assert (one.attempts, one.job) == (1, job.name)
    assert 'raise ValueError(f"{data.element.decode()} is no good")' in one.trace
    assert Message.decode(one.message).element == b"bad1"
    assert job.states("bad1")[-1] == "dead letter: exception: ValueError: bad1 is no good"
    assert here.tally.counts["dead-letter/exception"] == 2


def test_what_beam_sees_raised_is_tried_again_and_then_a_dead_letter(new_job: NewJob, caplog):
    job = new_job(max_attempts=2)
    caplog.set_level(logging.WARNING, "klio")
    with job.thread(raising) as here:
        job.publish("a", "bad", "b")
        job.wait_for("a", "b")
        settle(job)

    (letter,) = job.letters
    assert (letter.element, letter.reason, letter.error) == (b"bad", "exception", "ValueError")
    assert (letter.text, letter.attempts) == ("beam sees this", 2)
    assert job.elements == {"a": 1, "b": 1}
    assert here.tally.counts["retried"] == 1
    assert "b'bad' failed (ValueError: beam sees this), attempt 1 of 2" in caplog.text
    assert [(one.state, one.attempt) for one in job.statuses if one.element == b"bad"][-2:] == [
        ("leased", 2),
        ("dead letter", 2),
    ]


@pytest.mark.slow
def test_after_another_try_the_records_go_on_with_its_number(new_job: NewJob):
    job = new_job()
    tried = job.directory / "tried"

    def shaky(raw: bytes) -> bytes:
        if not tried.exists():
            tried.touch()
            raise ValueError("the first time")
        return raw

    with job.thread(lambda events, config: events | beam.Map(shaky)):
        job.publish("a")
        job.wait_for("a")
        settle(job)

    assert [(one.state, one.attempt) for one in job.statuses] == [
        ("leased", 1),
        ("queued", 1),
        ("leased", 2),
        ("committed", 2),
    ]
    assert job.states("a")[1] == "queued: failed (ValueError: the first time), comes again in 1 s"
    assert job.letters == []


NO_MESSAGE = [b"plain text", b"\x00\xff\xfe", b"{}", b"a" * 100_000, b"\x0a\x03"]


def test_bytes_that_are_no_message_are_dead_letters_with_the_bytes(new_job: NewJob):
    job = new_job()
    with job.thread(touchy):
        job.publish(*NO_MESSAGE, "fine")
        job.wait_for("fine")
        settle(job)

    assert {letter.message for letter in job.letters} == set(NO_MESSAGE)
    assert {(letter.reason, letter.error) for letter in job.letters} == {("undecodable", "UndecodableMessage")}
    assert job.elements == {"fine": 1}


def test_a_version_that_we_do_not_know_is_a_dead_letter_that_says_which_we_do(new_job: NewJob):
    newer = b"\x18\x09" + Message.of(b"a").encode().replace(b"\x18\x02", b"")
    job = new_job()
    with job.thread(touchy):
        job.publish(newer)
        settle(job)

    (letter,) = job.letters
    assert (letter.reason, letter.message) == ("unknown-version", newer)
    assert "expected: version 1 or 2" in letter.text


BAD_ELEMENTS = {
    "up": b"../../etc/passwd",
    "up in the middle": b"a/../../b",
    "dots": b"..",
    "dot": b".",
    "absolute": b"/abs",
    "NUL": b"a\0b",
    "newline": b"a\nb",
    "escape": b"a\x1bb",
    "long": b"x" * 1025,
    "not UTF-8": b"caf\xe9",
    "scheme": b"gs://other/x",
    "right to left": "a\u202eb".encode(),
}


def test_elements_that_can_be_no_path_are_dead_letters_and_no_store_is_touched(new_job: NewJob):
    job = new_job()
    inside = job.directory / "data" / "inside"
    inside.mkdir(parents=True)
    (inside / "fine").write_bytes(b"x")
    (job.directory / "data" / "b").write_bytes(b"outside")
    job.config["job_config"]["data"] = {
        "inputs": [{"type": "file", "location": str(inside)}],
        "outputs": [{"type": "file", "location": str(inside / "out")}],
    }

    with job.thread(touchy):
        job.publish(*(Message.of(element) for element in BAD_ELEMENTS.values()), "fine")
        job.wait_for("fine")
        settle(job)

    assert {letter.element: letter.reason for letter in job.letters} == dict.fromkeys(
        BAD_ELEMENTS.values(), "bad-element"
    )
    assert job.elements == {"fine": 1}
    assert [path.name for path in inside.iterdir()] == ["fine"]


def test_a_dead_letter_that_cannot_be_kept_keeps_its_message_until_it_can(new_job: NewJob, caplog):
    job = new_job()
    (job.directory / "dead").write_text("a file where the directory should be")
    with job.thread(touchy):
        job.publish("bad", "fine")
        job.wait_for("fine")
        eventually(lambda: "b'bad' failed (EventError: a dead letter could not be kept" in caplog.text)
        eventually(lambda: job.unacknowledged == 1)

        (job.directory / "dead").unlink()
        settle(job)

    assert [letter.element for letter in job.letters] == [b"bad"]


def test_the_last_try_of_what_beam_sees_raised_waits_for_its_dead_letter_too(new_job: NewJob, caplog):
    job = new_job(max_attempts=1)
    (job.directory / "dead").write_text("a file where the directory should be")
    with job.thread(raising):
        job.publish("bad", "fine")
        job.wait_for("fine")
        eventually(lambda: "b'bad' failed (ValueError: beam sees this), and a dead letter could" in caplog.text)

        (job.directory / "dead").unlink()
        settle(job)

    assert [letter.element for letter in job.letters] == [b"bad"]


@pytest.mark.parametrize("kind", ["pubsub", "file"])
def test_dead_letters_go_to_a_topic_or_a_file_as_well(new_job: NewJob, kind: str):
    job = new_job()
    topic = job.cloud.topic(f"{job.topic}-dead")
    kept = job.cloud.subscription(f"{job.subscription}-dead", topic)
    file = job.directory / "dead.jsonl"
    place = {"topic": topic} if kind == "pubsub" else {"location": str(file)}
    job.config["job_config"]["events"]["dead_letters"] = {"type": kind, **place}

    with job.thread(touchy):
        job.publish("bad1", "bad2")
        settle(job)

    letters = job.cloud.pull(kept) if kind == "pubsub" else file.read_bytes().splitlines()
    assert {json.loads(letter)["element"] for letter in letters} == {"bad1", "bad2"}


def test_an_output_topic_that_is_deleted_holds_the_messages_until_it_is_back(new_job: NewJob, caplog):
    job = new_job()
    caplog.set_level(logging.WARNING, "klio")
    with job.thread(plain):
        job.publish("before")
        job.wait_for("before")
        job.cloud.publisher.delete_topic(topic=job.out)
        job.cloud.subscriber.delete_subscription(subscription=job.out_subscription)
        job.publish("meanwhile")
        eventually(lambda: "b'meanwhile' failed (EventError: an event could not be published (" in caplog.text)
        eventually(lambda: job.unacknowledged == 1)

        job.cloud.subscription(job.out_subscription, job.cloud.topic(job.out))
        job.wait_for("meanwhile")
        settle(job)

    assert job.letters == []


def test_a_store_that_is_away_is_waited_for(tmp_path: Path):
    with local_pubsub() as pubsub:
        with local_objects(tmp_path / "objects", make_buckets=True) as objects, found(pubsub, objects) as cloud:
            place = "gs://bucket/in"
            cloud.put(f"{place}/a")
            cloud.put(f"{place}/b")
        port = int(objects.rpartition(":")[2])
        with found(pubsub, objects) as cloud:
            job = Job.new(tmp_path, cloud, data={"inputs": [{"type": "gcs", "location": place}]})
            with job.thread(plain):
                job.publish("a", "b")
                eventually(lambda: cloud.stats(job.subscription)["outstanding"] > 0)
                assert job.pull() == []
                with local_objects(tmp_path / "objects", port):
                    job.wait_for("a", "b")
                    settle(job)
            assert job.letters == []
            assert {job.states(element)[-1] for element in "ab"} == {"committed"}


def test_an_outage_that_the_code_meets_is_tried_again_beyond_max_attempts(new_job: NewJob):
    job = new_job(max_attempts=1)
    tries = job.directory / "tries"

    class Outage(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            with tries.open("a") as file:
                file.write("x")
            if len(tries.read_text()) < 2:
                raise DataError("the store does not answer")
            yield data

    with job.thread(lambda events, config: events | beam.ParDo(Outage())):
        job.publish("a")
        job.wait_for("a")
        settle(job)

    assert tries.read_text() == "xx"
    assert job.letters == []


def test_without_the_status_topic_the_work_goes_on_and_one_line_says_so(new_job: NewJob, caplog):
    job = new_job(events={"status": {"type": "pubsub", "topic": "projects/klio-local/topics/nobody-made-it"}})
    with job.thread(plain):
        job.publish("a", "b", "c")
        job.wait_for("a", "b", "c")
        settle(job)
        eventually(lambda: "status records cannot be written" in caplog.text)

    assert caplog.text.count("status records cannot be written") == 1


@pytest.mark.slow
def test_a_subscription_that_is_deleted_ends_the_job_with_its_name(new_job: NewJob):
    job = new_job()
    job.write(transforms="", run="def run(events, config):\n    return events\n")
    with job.process() as process:
        job.publish("a")
        job.wait_for("a")
        job.cloud.subscriber.delete_subscription(subscription=job.subscription)

        assert process.wait() == 6
    assert f"Error: the subscription cannot be read\n  at: {job.subscription}\n" in process.log
    assert "Traceback" not in process.log


def test_payloads_are_in_no_log(new_job: NewJob, caplog):
    job = new_job()
    secret = base64.b64encode(b"a payload that nobody should see")
    with job.thread(touchy):
        job.publish(Message.of(b"bad", payload=secret))
        settle(job)

    assert "bad is no good" in caplog.text
    assert secret.decode() not in caplog.text
