"""What the scenes on a broker have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.delivery import Delivered
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.subscription import Served
from klio_exec.local.pubsub.wire import pb

TOPIC = "projects/my-project/topics/tracks"
DEAD = "projects/my-project/topics/dead"
NAME = "projects/my-project/subscriptions/mixer"
GRAVE = "projects/my-project/subscriptions/grave"

Play = Callable[[Any], Any]


async def set_up(broker: Broker, name: str = NAME, topic: str = TOPIC, **fields: Any) -> Served:
    if topic not in [each.name for each in broker.catalog.topics("projects/my-project")]:
        await broker.catalog.create_topic(pb.Topic(name=topic))
    await broker.catalog.create_subscription(pb.Subscription(name=name, topic=topic, **fields))
    return broker.catalog.subscription(name)


async def publish(broker: Broker, *data: str, key: str = "", topic: str = TOPIC, **attributes: str) -> list[str]:
    messages = [pb.PubsubMessage(data=each.encode(), ordering_key=key, attributes=attributes) for each in data]
    return await broker.publishing.publish(topic, messages)


async def take(broker: Broker, served: Served, limit: int = 100, lease_s: float = 10) -> list[Delivered]:
    return await broker.delivery.take(served, Flow(limit, 0), lease_s)


def message(one: Delivered) -> pb.PubsubMessage:
    return pb.PubsubMessage.FromString(one.body)


def data(got: list[Delivered]) -> list[str]:
    return [message(one).data.decode() for one in got]


def ack_ids(got: list[Delivered]) -> list[str]:
    return [one.ack_id for one in got]


async def fail(broker: Broker, served: Served, times: int) -> list[int]:
    """Nack everything so often; the attempts that the deliveries told."""
    attempts = []
    for _ in range(times):
        got = await take(broker, served)
        attempts += [one.attempt for one in got]
        broker.delivery.modify(served, ack_ids(got), 0)
    await broker.delivery.settle()
    return attempts
