from __future__ import annotations

import time

import pytest
from grpc import StatusCode

from .cloud import Cloud, data, refused


def test_a_message_under_a_lease_is_not_delivered_to_anybody_else(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a")
    cloud.pull(subscription)
    assert cloud.look(subscription) == []


def test_when_leases_end_what_was_neither_acknowledged_nor_extended_comes_again(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    ids = cloud.publish(topic, "acknowledged", "extended", "left")
    acknowledged, extended, left = sorted(cloud.pull(subscription, 3), key=lambda each: each.message.data)
    cloud.lease(subscription, [acknowledged, extended, left], 1)
    begin = time.monotonic()
    cloud.lease(subscription, [extended], 600)
    cloud.acknowledge(subscription, [acknowledged])
    cloud.acknowledge(subscription, [acknowledged])  # twice is no error
    [again] = cloud.pull(subscription)
    assert time.monotonic() - begin > 0.5
    assert (again.message.data, again.message.message_id) == (b"left", ids[2])
    assert again.ack_id != left.ack_id
    assert cloud.pull(subscription, within=0.3) == []


def test_a_nack_brings_the_message_back_at_once(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a")
    cloud.lease(subscription, cloud.pull(subscription), 0)
    assert data(cloud.pull(subscription)) == ["a"]  # it waits for less than the lease would have taken


def test_an_ack_id_that_was_made_up_is_an_invalid_argument(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    calls = [
        lambda: cloud.subscriber.acknowledge(subscription=subscription, ack_ids=["made up"], retry=None),
        lambda: cloud.subscriber.acknowledge(subscription=subscription, ack_ids=[], retry=None),
        lambda: cloud.subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=["made up"], ack_deadline_seconds=10, retry=None
        ),
        lambda: cloud.subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=[], ack_deadline_seconds=10, retry=None
        ),
    ]
    assert [refused(call) for call in calls] == [StatusCode.INVALID_ARGUMENT] * len(calls)


def test_a_lease_cannot_be_negative(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a")
    got = cloud.pull(subscription)
    assert refused(lambda: cloud.lease(subscription, got, -1)) is StatusCode.INVALID_ARGUMENT


@pytest.mark.stricter("the emulator takes a lease of any length")
def test_a_lease_cannot_be_longer_than_ten_minutes(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a")
    got = cloud.pull(subscription)
    assert refused(lambda: cloud.lease(subscription, got, 601)) is StatusCode.INVALID_ARGUMENT
