from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from .cloud import PROJECT, Cloud, refused


def update(cloud: Cloud, name: str, **fields: Any) -> Any:
    return cloud.subscriber.update_subscription(
        subscription={"name": name, **fields}, update_mask=FieldMask(paths=list(fields)), retry=None
    )


def test_a_subscription_has_googles_defaults(cloud: Cloud) -> None:
    topic, name = cloud.pair()
    found = cloud.subscriber.get_subscription(subscription=name)
    assert (found.name, found.topic, found.ack_deadline_seconds) == (name, topic, 10)
    assert found.message_retention_duration.total_seconds() == 7 * 24 * 3600


def test_a_subscription_keeps_what_it_was_made_with(cloud: Cloud) -> None:
    dead = cloud.topic()
    _, name = cloud.pair(
        ack_deadline_seconds=33,
        enable_message_ordering=True,
        filter='attributes.x = "y"',
        retain_acked_messages=True,
        dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 7},
        retry_policy={"minimum_backoff": Duration(seconds=3), "maximum_backoff": Duration(seconds=30)},
    )
    found = cloud.subscriber.get_subscription(subscription=name)
    assert (found.ack_deadline_seconds, found.enable_message_ordering) == (33, True)
    assert (found.filter, found.retain_acked_messages) == ('attributes.x = "y"', True)
    assert (found.dead_letter_policy.dead_letter_topic, found.dead_letter_policy.max_delivery_attempts) == (dead, 7)
    assert found.retry_policy.minimum_backoff.total_seconds() == 3


def test_a_subscription_cannot_be_made_twice(cloud: Cloud) -> None:
    topic, name = cloud.pair()
    create = cloud.subscriber.create_subscription
    assert refused(lambda: create(name=name, topic=topic)) is StatusCode.ALREADY_EXISTS


def test_a_subscription_needs_a_topic_that_exists(cloud: Cloud) -> None:
    assert refused(lambda: cloud.subscription(cloud.name("topics"))) is StatusCode.NOT_FOUND


def test_a_subscription_that_does_not_exist_is_not_found(cloud: Cloud) -> None:
    name, subscriber = cloud.name("subscriptions"), cloud.subscriber
    calls = [
        lambda: subscriber.get_subscription(subscription=name),
        lambda: subscriber.delete_subscription(subscription=name),
        lambda: subscriber.pull(subscription=name, max_messages=1, retry=None),
        lambda: subscriber.acknowledge(subscription=name, ack_ids=["x"], retry=None),
        lambda: subscriber.modify_ack_deadline(subscription=name, ack_ids=["x"], ack_deadline_seconds=10, retry=None),
        lambda: update(cloud, name, ack_deadline_seconds=20),
    ]
    assert [refused(call) for call in calls] == [StatusCode.NOT_FOUND] * len(calls)


OUT_OF_BOUNDS = [
    ({"ack_deadline_seconds": 601}, StatusCode.INVALID_ARGUMENT),
    ({"message_retention_duration": Duration(seconds=5)}, StatusCode.INVALID_ARGUMENT),
    ({"dead_letter_policy": {"dead_letter_topic": f"{PROJECT}/topics/missing"}}, StatusCode.NOT_FOUND),
]


@pytest.mark.parametrize(("settings", "code"), OUT_OF_BOUNDS)
def test_a_setting_out_of_bounds_is_refused(cloud: Cloud, settings: dict[str, Any], code: StatusCode) -> None:
    topic = cloud.topic()
    assert refused(lambda: cloud.subscription(topic, **settings)) is code


@pytest.mark.parametrize("attempts", [4, 101])
def test_a_message_may_fail_5_to_100_times(cloud: Cloud, attempts: int) -> None:
    topic = cloud.topic()
    policy = {"dead_letter_topic": topic, "max_delivery_attempts": attempts}
    assert refused(lambda: cloud.subscription(topic, dead_letter_policy=policy)) is StatusCode.OUT_OF_RANGE


@pytest.mark.stricter("the emulator takes an ack deadline under 10 seconds")
def test_an_ack_deadline_is_at_least_10_seconds(cloud: Cloud) -> None:
    topic = cloud.topic()
    assert refused(lambda: cloud.subscription(topic, ack_deadline_seconds=9)) is StatusCode.INVALID_ARGUMENT


@pytest.mark.stricter("the emulator does not read filters")
def test_a_malformed_filter_is_refused(cloud: Cloud) -> None:
    topic = cloud.topic()
    assert refused(lambda: cloud.subscription(topic, filter="attributes.x =")) is StatusCode.INVALID_ARGUMENT


@pytest.mark.stricter("the emulator has some of it")
@pytest.mark.parametrize(
    "settings", [{"push_config": {"push_endpoint": "https://x"}}, {"enable_exactly_once_delivery": True}]
)
def test_what_ours_cannot_do_it_refuses_instead_of_ignoring_it(cloud: Cloud, settings: dict[str, Any]) -> None:
    topic = cloud.topic()
    assert refused(lambda: cloud.subscription(topic, **settings)) is StatusCode.UNIMPLEMENTED


def test_an_update_changes_the_masked_fields_only(cloud: Cloud) -> None:
    _, name = cloud.pair(enable_message_ordering=True)
    assert update(cloud, name, ack_deadline_seconds=20).ack_deadline_seconds == 20
    found = cloud.subscriber.get_subscription(subscription=name)
    assert (found.ack_deadline_seconds, found.enable_message_ordering) == (20, True)


def test_an_update_of_what_cannot_change_is_refused(cloud: Cloud) -> None:
    topic, name = cloud.pair()
    calls = [
        lambda: update(cloud, name),
        lambda: update(cloud, name, topic=topic),
        lambda: update(cloud, name, enable_message_ordering=True),
        lambda: update(cloud, name, filter="attributes:x"),
        lambda: update(cloud, name, ack_deadline_seconds=601),
    ]
    assert [refused(call) for call in calls] == [StatusCode.INVALID_ARGUMENT] * len(calls)


def test_subscriptions_are_listed_by_project_page_by_page(cloud: Cloud) -> None:
    topic, first = cloud.pair()
    made = {first, cloud.subscription(topic), cloud.subscription(topic)}
    pager = cloud.subscriber.list_subscriptions(request={"project": PROJECT, "page_size": 2})
    listed = [each.name for page in pager.pages for each in page.subscriptions]
    assert len(listed) == len(set(listed))
    assert made <= set(listed)


def test_a_deleted_subscription_made_anew_is_empty(cloud: Cloud) -> None:
    topic, name = cloud.pair()
    cloud.publish(topic, "a")
    cloud.subscriber.delete_subscription(subscription=name)
    cloud.subscriber.create_subscription(name=name, topic=topic)
    assert cloud.look(name) == []


@pytest.mark.stricter("the emulator cannot detach")
def test_a_detached_subscription_says_so(cloud: Cloud) -> None:
    topic, name = cloud.pair()
    cloud.publisher.detach_subscription(request={"subscription": name})
    assert cloud.subscriber.get_subscription(subscription=name).detached
    assert list(cloud.publisher.list_topic_subscriptions(topic=topic)) == []
    assert refused(lambda: cloud.pull_once(name)) is StatusCode.FAILED_PRECONDITION


@pytest.mark.stricter("the emulator has snapshots")
def test_snapshots_are_refused_in_clear_words(cloud: Cloud) -> None:
    _, name = cloud.pair()
    snapshot, create = f"{PROJECT}/snapshots/snap", cloud.subscriber.create_snapshot
    code = refused(lambda: create(name=snapshot, subscription=name, retry=None))
    assert code is StatusCode.UNIMPLEMENTED
