"""The settings of topics and subscriptions: what is checked, completed, and may change later.

Kept and shown, but without effect here: labels, tags, kms_key_name, message_storage_policy, expiration_policy (a local
subscription never expires). What would change how messages flow, and is not built, is refused rather than ignored.
"""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from klio_exec.local.pubsub import filters
from klio_exec.local.pubsub.errors import Refused, invalid, not_here, out_of_bounds
from klio_exec.local.pubsub.wire import pb

WEEK_S = 7 * 24 * 3600
ACK_DEADLINE_S = (10, 600)
RETENTION_S = (600, 31 * 24 * 3600)
ATTEMPTS = (5, 100)
BACKOFF_S = (0, 600)

_TOPIC_NOT_HERE = (
    "schema_settings",
    "ingestion_data_source_settings",
    "message_transforms",
    "message_retention_duration",
)
_SUBSCRIPTION_NOT_HERE = (
    "bigquery_config",
    "cloud_storage_config",
    "bigtable_config",
    "message_transforms",
    "enable_exactly_once_delivery",
)
_TOPIC_MUTABLE = {"labels", "message_storage_policy", "kms_key_name", "tags", *_TOPIC_NOT_HERE}
_SUBSCRIPTION_MUTABLE = {
    "ack_deadline_seconds",
    "dead_letter_policy",
    "expiration_policy",
    "labels",
    "message_retention_duration",
    "push_config",
    "retain_acked_messages",
    "retry_policy",
    "tags",
    *_SUBSCRIPTION_NOT_HERE,
}


def complete_topic(topic: pb.Topic) -> pb.Topic:
    """The topic as it is kept; Refused for what is not built."""
    _refuse_fields(topic, _TOPIC_NOT_HERE)
    return topic


def complete_subscription(asked: pb.Subscription) -> pb.Subscription:
    """A copy with Google's defaults filled in, or Refused with the first setting that is out of bounds."""
    full = pb.Subscription()
    full.CopyFrom(asked)
    _refuse_push(full)
    full.ack_deadline_seconds = full.ack_deadline_seconds or ACK_DEADLINE_S[0]
    _check_bounds("ack_deadline_seconds", full.ack_deadline_seconds, ACK_DEADLINE_S)
    if not full.HasField("message_retention_duration"):
        full.message_retention_duration.CopyFrom(Duration(seconds=WEEK_S))
    _check_bounds("message_retention_duration", full.message_retention_duration.seconds, RETENTION_S)
    filters.parse(full.filter)
    _complete_dead_letters(full)
    _complete_retry(full)
    return full


def updated_topic(now: pb.Topic, wanted: pb.Topic, mask: FieldMask) -> pb.Topic:
    """The topic after an update of the masked fields; Refused if the mask names what cannot change."""
    _check_mask(now, mask, _TOPIC_MUTABLE)
    result = pb.Topic()
    result.CopyFrom(now)
    mask.MergeMessage(wanted, result, replace_message_field=True, replace_repeated_field=True)
    return complete_topic(result)


def updated_subscription(now: pb.Subscription, wanted: pb.Subscription, mask: FieldMask) -> pb.Subscription:
    """The subscription after an update of the masked fields; Refused if the mask names what cannot change."""
    _check_mask(now, mask, _SUBSCRIPTION_MUTABLE)
    result = pb.Subscription()
    result.CopyFrom(now)
    mask.MergeMessage(wanted, result, replace_message_field=True, replace_repeated_field=True)
    return complete_subscription(result)


def max_attempts(subscription: pb.Subscription) -> int | None:
    """After how many failed deliveries a message becomes a dead letter; None where it never does."""
    policy = subscription.dead_letter_policy
    return policy.max_delivery_attempts if policy.dead_letter_topic else None


def backoff_s(subscription: pb.Subscription, failures: int) -> float:
    """Seconds a message rests after its n-th failed delivery: doubling, between the bounds of the retry policy."""
    if not subscription.HasField("retry_policy"):
        return 0.0
    policy = subscription.retry_policy
    least, most = _seconds(policy.minimum_backoff), _seconds(policy.maximum_backoff)
    return float(min(most, least * 2 ** min(failures - 1, 30)))


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1e9


def _complete_dead_letters(full: pb.Subscription) -> None:
    if not full.HasField("dead_letter_policy"):
        return
    policy = full.dead_letter_policy
    policy.max_delivery_attempts = policy.max_delivery_attempts or ATTEMPTS[0]
    try:
        _check_bounds("max_delivery_attempts", policy.max_delivery_attempts, ATTEMPTS)
    except Refused as refused:
        # The one bound that Google's service reports under another code.
        raise Refused(StatusCode.OUT_OF_RANGE, str(refused)) from None


def _complete_retry(full: pb.Subscription) -> None:
    if not full.HasField("retry_policy"):
        return
    policy = full.retry_policy
    if not policy.HasField("minimum_backoff"):
        policy.minimum_backoff.CopyFrom(Duration(seconds=10))
    if not policy.HasField("maximum_backoff"):
        policy.maximum_backoff.CopyFrom(Duration(seconds=600))
    for name in ("minimum_backoff", "maximum_backoff"):
        _check_bounds(name, getattr(policy, name).seconds, BACKOFF_S)
    if _seconds(policy.minimum_backoff) > _seconds(policy.maximum_backoff):
        raise invalid("The value for minimum_backoff must not be larger than the value for maximum_backoff.")


def _check_bounds(field: str, got: int, bounds: tuple[int, int]) -> None:
    if not bounds[0] <= got <= bounds[1]:
        raise out_of_bounds(field, got, *bounds)


def _check_mask(settings: pb.Topic | pb.Subscription, mask: FieldMask, mutable: set[str]) -> None:
    kind = settings.DESCRIPTOR.name
    if not mask.paths:
        raise invalid(
            f"The update_mask in the Update{kind}Request must be set, and must contain a non-empty paths list."
        )
    for path in mask.paths:
        problem = None
        if not FieldMask(paths=[path]).IsValidForDescriptor(settings.DESCRIPTOR):
            problem = f"{path} is not a known {kind} field"
        elif path.split(".")[0] not in mutable:
            problem = f"the {path} field in the {kind} is not mutable"
        if problem:
            raise invalid(f"Invalid update_mask provided in the Update{kind}Request: {problem}.")


def _refuse_push(full: pb.Subscription) -> None:
    if full.push_config.push_endpoint:
        raise not_here("push subscriptions")
    _refuse_fields(full, _SUBSCRIPTION_NOT_HERE)


def _refuse_fields(settings: pb.Topic | pb.Subscription, names: tuple[str, ...]) -> None:
    for present, _value in settings.ListFields():
        if present.name in names:
            raise not_here(present.name)
