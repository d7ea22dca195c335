"""The copy of a message that goes to a dead letter topic.

Attributes: https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic
"""

from __future__ import annotations

from klio_exec.local.pubsub.names import project_of
from klio_exec.local.pubsub.wire import pb

_PREFIX = "CloudPubSubDeadLetter"


def dead_letter(body: bytes, source: pb.Subscription, attempts: int) -> pb.PubsubMessage:
    """The message with the attributes that say where it comes from and how often it was delivered."""
    copy = pb.PubsubMessage.FromString(body)
    project, name = project_of(source.name), source.name.rsplit("/", 1)[-1]
    published = copy.publish_time.ToDatetime().isoformat(timespec="milliseconds")
    copy.attributes[f"{_PREFIX}SourceSubscription"] = name
    copy.attributes[f"{_PREFIX}SourceSubscriptionProject"] = project
    copy.attributes[f"{_PREFIX}SourceDeliveryCount"] = str(attempts)
    copy.attributes[f"{_PREFIX}SourceTopicPublishTime"] = f"{published}+00:00"
    return copy
