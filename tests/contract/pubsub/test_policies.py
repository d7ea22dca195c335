"""Filters, order, dead letters, rests and seeks: what a subscription may ask for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.pubsub_v1.subscriber.message import Message
from google.protobuf.duration_pb2 import Duration
from google.pubsub_v1.types import PubsubMessage
from grpc import StatusCode

from .cloud import Cloud, data, refused, wait_until


@pytest.mark.stricter("the emulator delivers everything")
@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("attributes:lang", ["de", "en", "en-GB"]),
        ('attributes.lang = "en"', ["en"]),
        ('attributes.lang != "en"', ["de", "en-GB", "none"]),
        ('hasPrefix(attributes.lang, "en")', ["en", "en-GB"]),
        ('attributes:lang AND NOT hasPrefix(attributes.lang, "en")', ["de"]),
        ('NOT (attributes.lang = "en" OR attributes.lang = "de")', ["en-GB", "none"]),
    ],
)
def test_a_filter_lets_through_what_it_says(cloud: Cloud, text: str, passing: list[str]) -> None:
    topic, subscription = cloud.pair(filter=text)
    tagged = [PubsubMessage(data=each.encode(), attributes={"lang": each}) for each in ("de", "en", "en-GB")]
    cloud.publish(topic, *tagged, "none")
    assert sorted(data(cloud.pull(subscription, len(passing)))) == passing
    assert cloud.look(subscription) == []


def test_messages_of_a_key_arrive_in_order(cloud: Cloud) -> None:
    topic, subscription = cloud.pair(enable_message_ordering=True)
    seen: list[str] = []

    def callback(message: Message) -> None:
        seen.append(message.data.decode())
        message.ack()

    pulling = cloud.subscriber.subscribe(subscription, callback)
    for n in range(10):
        cloud.publish(topic, f"a{n}", key="a")
        cloud.publish(topic, f"b{n}", key="b")
    wait_until(lambda: len(seen) >= 20)
    pulling.cancel()
    pulling.result(timeout=10)
    assert [each for each in seen if each[0] == "a"] == [f"a{n}" for n in range(10)]
    assert [each for each in seen if each[0] == "b"] == [f"b{n}" for n in range(10)]


@pytest.mark.stricter("the emulator brings a nacked message of a key after the later ones")
def test_a_nacked_message_of_a_key_comes_before_the_later_ones(cloud: Cloud) -> None:
    topic, subscription = cloud.pair(enable_message_ordering=True)
    cloud.publish(topic, "1", "2", "3", key="k")
    done: list[str] = []
    nacked = False
    while len(done) < 3:
        [got] = cloud.pull(subscription)
        if data([got]) == ["2"] and not nacked:
            nacked = True
            cloud.lease(subscription, [got], 0)
            continue
        done += data([got])
        cloud.acknowledge(subscription, [got])
    assert done == ["1", "2", "3"]


def with_dead_letters(cloud: Cloud, **settings: Any) -> tuple[str, str, str]:
    """A topic, its subscription, and the subscription to the dead letters."""
    dead, grave = cloud.pair()
    topic, subscription = cloud.pair(
        dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5}, **settings
    )
    return topic, subscription, grave


def test_deliveries_are_counted_where_there_is_a_dead_letter_policy(cloud: Cloud) -> None:
    topic, subscription, _ = with_dead_letters(cloud)
    cloud.publish(topic, "a")
    attempts = []
    for _ in range(3):
        got = cloud.pull(subscription)
        attempts += [each.delivery_attempt for each in got]
        cloud.lease(subscription, got, 0)
    assert attempts == [1, 2, 3]


def test_deliveries_are_not_counted_where_there_is_none(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a")
    assert [each.delivery_attempt for each in cloud.pull(subscription)] == [0]


@pytest.mark.stricter("the emulator forwards no dead letters")
def test_a_message_that_fails_too_often_becomes_a_dead_letter_that_says_where_it_is_from(cloud: Cloud) -> None:
    topic, subscription, grave = with_dead_letters(cloud)
    cloud.publish(topic, PubsubMessage(data=b"poison", attributes={"colour": "red"}))
    for _ in range(5):
        cloud.lease(subscription, cloud.pull(subscription), 0)
    [dead] = cloud.pull(grave)
    assert dead.message.data == b"poison"
    attributes = dict(dead.message.attributes)
    published = datetime.fromisoformat(attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime"))
    assert abs(published - datetime.now(UTC)) < timedelta(seconds=30)
    assert attributes == {
        "colour": "red",
        "CloudPubSubDeadLetterSourceSubscription": subscription.rsplit("/", 1)[1],
        "CloudPubSubDeadLetterSourceSubscriptionProject": "klio-contract",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
    }
    assert cloud.look(subscription) == []


@pytest.mark.stricter("the emulator does not rest")
def test_a_failed_message_rests_as_its_retry_policy_says(cloud: Cloud) -> None:
    topic, subscription = cloud.pair(retry_policy={"minimum_backoff": Duration(seconds=1)})
    cloud.publish(topic, "a")
    cloud.lease(subscription, cloud.pull(subscription), 0)
    begin = time.monotonic()
    assert data(cloud.pull(subscription)) == ["a"]
    assert time.monotonic() - begin > 0.9


def test_a_seek_to_now_acknowledges_everything(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a", "b")
    later = datetime.now(UTC) + timedelta(seconds=1)
    cloud.subscriber.seek(request={"subscription": subscription, "time": later})
    assert cloud.look(subscription) == []


def test_a_seek_back_replays_what_was_acknowledged_and_retained(cloud: Cloud) -> None:
    topic, subscription = cloud.pair(retain_acked_messages=True)
    begin = datetime.now(UTC) - timedelta(seconds=1)
    cloud.publish(topic, "a", "b")
    cloud.acknowledge(subscription, cloud.pull(subscription, 2))
    assert cloud.look(subscription) == []
    cloud.subscriber.seek(request={"subscription": subscription, "time": begin})
    assert sorted(data(cloud.pull(subscription, 2))) == ["a", "b"]


def test_a_seek_needs_a_target(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    nowhere = {"subscription": subscription}
    assert refused(lambda: cloud.subscriber.seek(request=nowhere)) is StatusCode.INVALID_ARGUMENT
