from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from klio_exec.local.pubsub import settings
from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.wire import pb

NAME = "projects/my-project/subscriptions/abc"
TOPIC = "projects/my-project/topics/abc"
DEAD = "projects/my-project/topics/dead"


def subscription(**fields: Any) -> pb.Subscription:
    return pb.Subscription(name=NAME, topic=TOPIC, **fields)


def test_what_is_not_said_gets_googles_defaults() -> None:
    full = settings.complete_subscription(subscription(dead_letter_policy={"dead_letter_topic": DEAD}, retry_policy={}))
    assert full.ack_deadline_seconds == 10
    assert full.message_retention_duration.seconds == 7 * 24 * 3600
    assert full.dead_letter_policy.max_delivery_attempts == 5
    assert full.retry_policy.minimum_backoff.seconds == 10
    assert full.retry_policy.maximum_backoff.seconds == 600


def test_what_was_asked_is_not_changed() -> None:
    asked = subscription()
    settings.complete_subscription(asked)
    assert asked == subscription()


OUT_OF_BOUNDS = [
    ({"ack_deadline_seconds": 9}, StatusCode.INVALID_ARGUMENT, "minimum value is 10"),
    ({"ack_deadline_seconds": 601}, StatusCode.INVALID_ARGUMENT, "maximum value is 600"),
    ({"ack_deadline_seconds": -1}, StatusCode.INVALID_ARGUMENT, "minimum value is 10"),
    ({"message_retention_duration": Duration(seconds=599)}, StatusCode.INVALID_ARGUMENT, "minimum value is 600"),
    ({"message_retention_duration": Duration(seconds=32 * 86400)}, StatusCode.INVALID_ARGUMENT, "is too large"),
    ({"filter": "nonsense"}, StatusCode.INVALID_ARGUMENT, "Invalid filter"),
    (
        {"dead_letter_policy": {"dead_letter_topic": DEAD, "max_delivery_attempts": 4}},
        StatusCode.OUT_OF_RANGE,
        "minimum value is 5",
    ),
    (
        {"dead_letter_policy": {"dead_letter_topic": DEAD, "max_delivery_attempts": 101}},
        StatusCode.OUT_OF_RANGE,
        "maximum value is 100",
    ),
    (
        {"retry_policy": {"maximum_backoff": Duration(seconds=601)}},
        StatusCode.INVALID_ARGUMENT,
        "maximum value is 600",
    ),
    (
        {"retry_policy": {"minimum_backoff": Duration(seconds=20), "maximum_backoff": Duration(seconds=19)}},
        StatusCode.INVALID_ARGUMENT,
        "must not be larger",
    ),
    ({"push_config": {"push_endpoint": "https://x"}}, StatusCode.UNIMPLEMENTED, "push subscriptions"),
    ({"enable_exactly_once_delivery": True}, StatusCode.UNIMPLEMENTED, "enable_exactly_once_delivery"),
    ({"bigquery_config": {"table": "a.b.c"}}, StatusCode.UNIMPLEMENTED, "bigquery_config"),
]


@pytest.mark.parametrize(("fields", "code", "said"), OUT_OF_BOUNDS)
def test_a_setting_out_of_bounds_is_refused(fields: dict[str, Any], code: StatusCode, said: str) -> None:
    with pytest.raises(Refused) as refused:
        settings.complete_subscription(subscription(**fields))
    assert refused.value.code is code
    assert said in str(refused.value)


def test_an_empty_push_config_means_pull() -> None:
    settings.complete_subscription(subscription(push_config={}))


def test_an_update_changes_the_masked_fields_only() -> None:
    now = settings.complete_subscription(subscription(labels={"a": "1"}))
    wanted = subscription(ack_deadline_seconds=20, labels={"b": "2"})
    updated = settings.updated_subscription(now, wanted, FieldMask(paths=["ack_deadline_seconds"]))
    assert updated.ack_deadline_seconds == 20
    assert dict(updated.labels) == {"a": "1"}


def test_an_update_may_take_a_policy_away() -> None:
    now = settings.complete_subscription(subscription(dead_letter_policy={"dead_letter_topic": DEAD}))
    updated = settings.updated_subscription(now, subscription(), FieldMask(paths=["dead_letter_policy"]))
    assert not updated.HasField("dead_letter_policy")
    assert settings.max_attempts(updated) is None


def test_an_update_may_change_one_field_of_a_policy() -> None:
    now = settings.complete_subscription(subscription(dead_letter_policy={"dead_letter_topic": DEAD}))
    wanted = subscription(dead_letter_policy={"max_delivery_attempts": 7})
    mask = FieldMask(paths=["dead_letter_policy.max_delivery_attempts"])
    updated = settings.updated_subscription(now, wanted, mask)
    assert updated.dead_letter_policy == pb.DeadLetterPolicy(dead_letter_topic=DEAD, max_delivery_attempts=7)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ([], "must be set"),
        (["name"], "name field in the Subscription is not mutable"),
        (["topic"], "topic field in the Subscription is not mutable"),
        (["filter"], "filter field in the Subscription is not mutable"),
        (["enable_message_ordering"], "not mutable"),
        (["detached"], "not mutable"),
        (["ackDeadlineSeconds"], "not a known Subscription field"),
        (["dead_letter_policy.nonsense"], "not a known Subscription field"),
    ],
)
def test_an_update_of_what_cannot_change_is_refused(paths: list[str], said: str) -> None:
    with pytest.raises(Refused) as refused:
        settings.updated_subscription(subscription(), subscription(), FieldMask(paths=paths))
    assert refused.value.code is StatusCode.INVALID_ARGUMENT
    assert said in str(refused.value)


def test_a_topics_labels_may_change_and_its_name_may_not() -> None:
    wanted = pb.Topic(name=TOPIC, labels={"a": "1"})
    assert settings.updated_topic(pb.Topic(name=TOPIC), wanted, FieldMask(paths=["labels"])) == wanted
    with pytest.raises(Refused, match="name field in the Topic is not mutable"):
        settings.updated_topic(pb.Topic(name=TOPIC), wanted, FieldMask(paths=["name"]))


@pytest.mark.parametrize(
    "fields", [{"schema_settings": {"schema": "x"}}, {"message_retention_duration": Duration(seconds=600)}]
)
def test_a_topic_that_asks_for_what_is_not_built_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        settings.complete_topic(pb.Topic(name=TOPIC, **fields))
    assert refused.value.code is StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("policy", "rests"),
    [
        (None, [0, 0, 0]),
        ({"minimum_backoff": Duration(seconds=1), "maximum_backoff": Duration(seconds=3)}, [1, 2, 3, 3]),
        ({"minimum_backoff": Duration(nanos=500_000_000)}, [0.5, 1, 2, 4]),
        ({"minimum_backoff": Duration()}, [0, 0]),
        ({}, [10, 20, 40, 80, 160, 320, 600, 600]),
    ],
)
def test_a_message_rests_longer_after_every_failure_up_to_the_bound(
    policy: dict[str, Duration] | None, rests: list[float]
) -> None:
    fields = {} if policy is None else {"retry_policy": policy}
    full = settings.complete_subscription(subscription(**fields))
    assert [settings.backoff_s(full, failures) for failures in range(1, len(rests) + 1)] == rests
    assert settings.backoff_s(full, 10_000) >= rests[-1]
