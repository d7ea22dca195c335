"""What a dead letter keeps: the event as it came, and where from, whatever the job had made of it when it failed."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest
import yaml

from klio.transforms import decorators
from klio_core.config import KlioConfig, parse
from klio_core.dead_letter import subscription_to
from klio_core.errors import EventError
from klio_core.message import Message
from klio_exec.resources import check, make_missing

from .conftest import NewJob
from .kit import PROJECT, Job, eventually
from .test_failures import raising, settle, touchy


class Tracks(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        album = data.element
        for number in (1, 2, 3):
            data.element = b"%b/%d" % (album, number)
            yield b"found by the first step"


class Odd(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if not data.element.endswith(b"2"):
            raise ValueError("odd")
        yield data


def test_two_tracks_of_an_album_fail_and_both_letters_hold_the_album(new_job: NewJob):
    job = new_job()
    event = Message.of(b"album", payload=b"sent along").encode()
    with job.thread(lambda events, config: events | beam.ParDo(Tracks()) | beam.ParDo(Odd())):
        job.publish(event)
        settle(job)

    assert [letter.element for letter in sorted(job.letters, key=lambda one: one.element)] == [b"album/1", b"album/3"]
    assert {letter.message for letter in job.letters} == {event}
    assert {(letter.source, letter.attempts) for letter in job.letters} == {(job.topic, 1)}


def test_the_letter_of_a_bare_element_holds_the_bare_element(new_job: NewJob):
    job = new_job()
    job.config["job_config"]["events"]["inputs"][0]["format"] = "raw"
    with job.thread(touchy):
        job.publish(b"bad plain text")
        settle(job)

    assert [(letter.message, letter.element) for letter in job.letters] == [(b"bad plain text", b"bad plain text")]


def test_each_letter_says_by_which_input_its_message_came(new_job: NewJob):
    job = new_job(max_attempts=1)
    other = f"projects/{PROJECT}/subscriptions/{job.name}-other"
    topic = job.cloud.topic(f"projects/{PROJECT}/topics/{job.name}-other")
    job.cloud.subscription(other, topic)
    job.config["job_config"]["events"]["inputs"].append({"type": "pubsub", "subscription": other})

    def run(events, config):
        handled = events.pubsub0 | beam.ParDo(Tracks()) | beam.ParDo(Odd())
        return (handled, raising(events.pubsub1, config)) | beam.Flatten()

    with job.thread(run):
        job.publish("a", b"no message")
        job.cloud.publish(topic, [Message.of(b"bad").encode(), b"no message either"])
        settle(job)
        eventually(lambda: sum(job.cloud.stats(other).values()) == 0 or len(job.letters) == 5)

    assert {letter.element: letter.source for letter in job.letters} == {
        b"a/1": job.topic,
        b"a/3": job.topic,
        b"no message": job.topic,
        b"bad": other,
        b"no message either": other,
    }


def test_no_secret_is_in_a_letter_a_log_or_a_status(new_job: NewJob, caplog):
    job = new_job()

    class Leaky(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            raise ConnectionError("GET https://host/track?X-Goog-Signature=0a1b2c3d refused")

    with job.thread(lambda events, config: events | beam.ParDo(Leaky())):
        job.publish("a")
        settle(job)

    (letter,) = job.letters
    assert letter.text == "GET https://host/track?X-Goog-Signature=<redacted> refused"
    told = [letter.trace.split("Error: ")[-1], caplog.text, *job.states("a")]
    assert not [text for text in told if "0a1b2c3d" in text]


def test_a_directory_that_cannot_be_written_to_keeps_the_message_until_it_can(new_job: NewJob, caplog):
    job = new_job()
    dead = job.directory / "dead"
    dead.write_text("in its place")  # a mode would not stop root
    with job.thread(touchy):
        job.publish("bad", "fine")
        job.wait_for("fine")
        eventually(lambda: "a dead letter could not be kept" in caplog.text)
        dead.unlink()
        settle(job)

    assert [letter.element for letter in job.letters] == [b"bad"]


def test_a_dead_letter_topic_that_is_deleted_keeps_the_message_until_it_is_back(new_job: NewJob, caplog):
    job = new_job()
    topic, kept = f"{job.topic}-dead", f"{job.subscription}-dead"
    job.config["job_config"]["events"]["dead_letters"] = {"type": "pubsub", "topic": topic}
    with job.thread(touchy):
        job.publish("bad", "fine")
        job.wait_for("fine")
        eventually(
            lambda: "b'bad' failed (EventError: a dead letter could not be kept, so its message is" in caplog.text
        )
        assert f"({topic}, NotFound: " in caplog.text
        eventually(lambda: job.unacknowledged == 1)  # "fine" leaves before it is acknowledged

        job.cloud.subscription(kept, job.cloud.topic(topic))
        settle(job)

    assert len(job.cloud.pull(kept)) == 1


def test_letters_go_to_an_object_store(new_job: NewJob):
    job = new_job()
    place = "gs://letters/of/this-job/"
    job.config["job_config"]["events"]["dead_letters"] = {"type": "directory", "location": place}
    with job.thread(touchy):
        job.publish("bad1", "bad2", "bad1")
        settle(job)

    found = job.cloud.storage.list_blobs("letters", prefix="of/this-job/exception-")
    assert len({blob.name for blob in found}) == 2
    assert not Path("gs:").exists()


def lettered(job: Job) -> KlioConfig:
    job.config["job_config"]["events"]["dead_letters"] = {"type": "pubsub", "topic": f"{job.topic}-dead"}
    return parse(yaml.safe_dump(job.config))


def test_a_run_makes_the_topic_of_letters_and_what_keeps_them(new_job: NewJob):
    job = new_job()
    config = lettered(job)

    make_missing(config)
    make_missing(config)
    job.cloud.publisher.publish(f"{job.topic}-dead", b"ours", job=job.name, reason="x").result()
    job.cloud.publisher.publish(f"{job.topic}-dead", b"another's", job="other", reason="x").result()

    assert job.cloud.pull(subscription_to(f"{job.topic}-dead", job.name)["name"]) == [b"ours"]


def test_a_run_without_the_topic_of_its_letters_does_not_begin(new_job: NewJob):
    job = new_job()

    with pytest.raises(EventError) as caught:
        check(lettered(job))

    assert caught.value.where == f"{job.topic}-dead"


def test_a_topic_of_letters_that_nobody_keeps_is_warned_of(new_job: NewJob, caplog):
    job = new_job()
    job.cloud.topic(f"{job.topic}-dead")
    config = lettered(job)

    check(config)
    assert f"nobody subscribes to {job.topic}-dead: dead letters would be lost" in caplog.text
    make_missing(config)
    caplog.clear()
    check(config)
    assert caplog.text == ""
