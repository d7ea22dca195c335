from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.types import BatchSettings
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport
from google.pubsub_v1.types import PubsubMessage
from grpc import StatusCode

from .cloud import Cloud, data, refused


def test_a_message_arrives_as_it_was_sent(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    everything = bytes(range(256))
    before = datetime.now(UTC)
    [number] = cloud.publish(topic, PubsubMessage(data=everything, attributes={"colour": "grün", "empty": ""}))
    [got] = cloud.pull(subscription)
    assert got.message.data == everything
    assert dict(got.message.attributes) == {"colour": "grün", "empty": ""}
    assert got.message.message_id == number
    assert abs(got.message.publish_time - before) < timedelta(seconds=5)


def test_the_publishers_own_batches_arrive_complete(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    sent = [str(n) for n in range(300)]
    futures = [cloud.publisher.publish(topic, each.encode()) for each in sent]
    ids = [future.result(timeout=10) for future in futures]
    assert len(set(ids)) == 300
    assert sorted(data(cloud.pull(subscription, 300))) == sorted(sent)


def test_every_subscription_gets_its_own_copy(cloud: Cloud) -> None:
    topic, first = cloud.pair()
    second = cloud.subscription(topic)
    cloud.publish(topic, "a")
    cloud.acknowledge(first, cloud.pull(first))
    assert data(cloud.pull(second)) == ["a"]


def test_a_subscription_gets_only_what_is_published_after_it_was_made(cloud: Cloud) -> None:
    topic = cloud.topic()
    cloud.publish(topic, "before")
    subscription = cloud.subscription(topic)
    cloud.publish(topic, "after")
    assert data(cloud.pull(subscription)) == ["after"]
    assert cloud.look(subscription) == []


def test_no_more_messages_come_than_were_asked_for(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, *"abcde")
    assert len(cloud.pull_once(subscription, 3).received_messages) <= 3


def test_a_pull_waits_for_a_message(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    delayed = cloud.publisher.publish(topic, b"a")  # leaves with the batch, after the pull was sent
    assert data(cloud.pull(subscription)) == ["a"]
    delayed.result()


def test_a_pull_without_a_message_ends_empty_and_never_runs_into_the_deadline(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    begin = time.monotonic()
    assert list(cloud.pull_once(subscription, timeout=1.5).received_messages) == []
    assert time.monotonic() - begin > 0.5


def test_a_pull_that_does_not_wait_returns_at_once(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    begin = time.monotonic()
    assert cloud.look(subscription) == []
    assert time.monotonic() - begin < 3  # one that waits is held for nearly 5


def test_a_pull_asks_for_one_message_at_least(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    assert refused(lambda: cloud.pull_once(subscription, 0)) is StatusCode.INVALID_ARGUMENT


@pytest.mark.stricter("the emulator takes a negative number of messages")
def test_a_pull_cannot_ask_for_less_than_nothing(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    assert refused(lambda: cloud.pull_once(subscription, -1)) is StatusCode.INVALID_ARGUMENT


def test_a_request_without_messages_or_with_an_empty_one_is_refused_whole(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    assert refused(lambda: cloud.publish(topic)) is StatusCode.INVALID_ARGUMENT
    assert refused(lambda: cloud.publish(topic, "good", PubsubMessage())) is StatusCode.INVALID_ARGUMENT
    assert refused(lambda: cloud.publish(topic, *["x"] * 1_001)) is StatusCode.INVALID_ARGUMENT
    assert cloud.look(subscription) == []


def test_attributes_alone_are_a_message(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, PubsubMessage(attributes={"a": "b"}))
    [got] = cloud.pull(subscription)
    assert (got.message.data, dict(got.message.attributes)) == (b"", {"a": "b"})


def test_a_message_of_nearly_10_mb_goes_through_to_a_client_that_receives_so_much(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    large = b"x" * 9_990_000
    cloud.publish(topic, PubsubMessage(data=large))
    # A client that was sent here by PUBSUB_EMULATOR_HOST receives 4 MiB at most; one with its own channel need not.
    with grpc.insecure_channel(cloud.endpoint, [("grpc.max_receive_message_length", -1)]) as channel:
        subscriber = pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
        [got] = subscriber.pull(subscription=subscription, max_messages=1, timeout=8).received_messages
    assert got.message.data == large


@pytest.mark.stricter("the emulator answers with more than Google's client can receive from it")
def test_large_messages_come_in_answers_that_googles_client_can_receive(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    sent = [bytes([n]) * 1_500_000 for n in range(6)]
    cloud.publish(topic, *[PubsubMessage(data=each) for each in sent])
    got = cloud.pull(subscription, 6)
    assert sorted(each.message.data for each in got) == sent


@pytest.mark.stricter("the emulator takes messages of any size")
@pytest.mark.parametrize(
    "message",
    [
        PubsubMessage(data=b"x" * 10_000_000),
        PubsubMessage(attributes={"k" * 257: ""}),
        PubsubMessage(attributes={"k": "v" * 1_025}),
        PubsubMessage(attributes={f"k{n}": "" for n in range(101)}),
        PubsubMessage(attributes={"": "v"}),
        PubsubMessage(attributes={"googclient": "v"}),
        PubsubMessage(data=b"x", ordering_key="k" * 1_025),
    ],
    ids=["10 MB", "long key", "long value", "101 attributes", "empty key", "reserved key", "long ordering key"],
)
def test_a_message_over_googles_limits_is_refused(cloud: Cloud, message: PubsubMessage) -> None:
    topic, subscription = cloud.pair()
    assert refused(lambda: cloud.publish(topic, message)) is StatusCode.INVALID_ARGUMENT
    assert cloud.look(subscription) == []


def test_many_publishers_at_once_lose_nothing(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    one_by_one = pubsub_v1.PublisherClient(BatchSettings(max_messages=1))  # a request each
    futures = [one_by_one.publish(topic, str(n).encode()) for n in range(100)]
    assert len({future.result(timeout=10) for future in futures}) == 100
    one_by_one.stop()
    one_by_one.transport.close()
    assert len(set(data(cloud.pull(subscription, 100)))) == 100
