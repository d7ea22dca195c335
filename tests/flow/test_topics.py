"""Pub/Sub by the transforms that jobs import, in the author's own code and beside what klio reads and publishes."""

from __future__ import annotations

import json
from typing import Any

import apache_beam as beam
import pytest

from klio.transforms import io
from klio_core.errors import JobCodeError
from klio_core.message import Message

from .conftest import NewJob
from .kit import eventually


class Orders:
    """Reads orders, whose name is the element, from a subscription."""

    def __init__(self, subscription: str) -> None:
        self.subscription = subscription

    def read(self, pipeline: Any) -> Any:
        orders = pipeline | "Orders" >> beam.io.ReadFromPubSub(subscription=self.subscription)
        return orders | "Names" >> beam.Map(lambda order: json.loads(order)["name"].encode())


def test_a_class_of_the_authors_reads_a_stream_that_is_no_klio_messages(new_job: NewJob):
    job = new_job()
    entry = {"type": "custom", "class": f"{__name__}.Orders", "subscription": job.subscription, "format": "raw"}
    job.config["job_config"]["events"]["inputs"] = [entry]

    with job.thread(lambda events, config: events):
        job.publish(b'{"name": "one"}', b'{"name": "two"}')
        job.wait_for("one", "two")
        eventually(lambda: job.unacknowledged == 0)
        job.publish(b'{"name": "three"}')
        job.wait_for("three")

    assert job.elements == {"one": 1, "two": 1, "three": 1}


def test_a_job_that_reads_and_publishes_by_itself_passes_bytes_on_as_they_are(new_job: NewJob):
    job = new_job()
    events = job.config["job_config"]["events"]
    events["inputs"][0]["skip_klio_read"] = True
    events["outputs"][0]["skip_klio_write"] = True
    whole = Message.of(b"one", payload=b"payload")

    def run(pipeline: Any, config: Any) -> None:
        read = pipeline | io.KlioReadFromPubSub(subscription=job.subscription)
        read | io.KlioWriteToPubSub(job.out)

    with job.thread(run):
        job.publish(whole)
        eventually(job.pull)

    assert whole in job.received
    assert job.letters == []


def test_what_a_job_publishes_beside_its_output_keeps_its_payload(new_job: NewJob):
    job = new_job()
    beside = f"{job.topic}-beside"
    job.cloud.subscription(beside.replace("/topics/", "/subscriptions/"), job.cloud.topic(beside))

    def run(events: Any, config: Any) -> Any:
        events | "Beside" >> io.KlioWriteToPubSub(beside)
        return events

    with job.thread(run):
        job.publish(Message.of(b"one", payload=b"payload"))
        job.wait_for("one")
        raws = eventually(lambda: job.cloud.pull(beside.replace("/topics/", "/subscriptions/")))

    assert [Message.decode(raw).payload for raw in raws] == [b"payload"]
    assert [message.payload for message in job.received if message.element == b"one"] == [b""]


def test_a_topic_without_a_subscription_is_refused_before_the_run(new_job: NewJob):
    job = new_job()
    job.config["job_config"]["events"] |= {"inputs": [], "outputs": []}

    def run(pipeline: Any, config: Any) -> None:
        pipeline | io.KlioReadFromPubSub(topic=job.topic)

    with pytest.raises(JobCodeError, match="only subscriptions are read") as raised, job.thread(run):
        eventually(job.pull)

    assert raised.value.where == job.topic
