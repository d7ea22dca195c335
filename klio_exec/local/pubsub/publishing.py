"""From a publisher's message to the backlogs of the subscriptions that want it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from google.protobuf.timestamp_pb2 import Timestamp

from klio_exec.local.pubsub import schema
from klio_exec.local.pubsub.bodies import Bodies
from klio_exec.local.pubsub.catalog import Catalog
from klio_exec.local.pubsub.clock import Clock
from klio_exec.local.pubsub.committer import Committer
from klio_exec.local.pubsub.schema import Published, Wanted
from klio_exec.local.pubsub.subscription import Served
from klio_exec.local.pubsub.wire import pb

_IDS_PER_EPOCH = 1 << 40  # so ids grow over restarts, and none is given twice


@dataclass
class Batch:
    """Messages with their ids, and what each subscription gets of them."""

    ids: list[int] = field(default_factory=list)
    messages: list[Published] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    getters: set[Served] = field(default_factory=set)

    def deliver(self, bodies: Bodies) -> None:
        """Make the messages deliverable. Only for what is on disk."""
        for message in self.messages:
            bodies.remember(message.id, message.body)
        backlogs = {served.number: served.backlog for served in self.getters}
        for wanted in self.wanted:
            backlogs[wanted.subscription].add(wanted.message, wanted.ordering_key)
        for served in self.getters:
            served.wake()


class Publishing:
    """Gives messages their ids and times, and files them for the subscriptions whose filter they pass."""

    def __init__(self, catalog: Catalog, committer: Committer, bodies: Bodies, clock: Clock, epoch: int) -> None:
        self._catalog = catalog
        self._committer = committer
        self._bodies = bodies
        self._clock = clock
        self._ids = itertools.count(epoch * _IDS_PER_EPOCH + 1)

    async def publish(self, topic: str, messages: Sequence[pb.PubsubMessage]) -> list[str]:
        """The ids, once the messages are on disk. Raises Refused when there is no such topic, or no room."""
        self._catalog.topic(topic)
        batch = self.batch(topic, messages)
        if batch.wanted:
            change = schema.publish(batch.messages, batch.wanted)
            await self._committer.submit(change, lambda _: batch.deliver(self._bodies))
        return [str(number) for number in batch.ids]

    def batch(self, topic: str, messages: Sequence[pb.PubsubMessage]) -> Batch:
        """The messages, numbered and stamped, with those who get them; nothing is stored yet."""
        batch = Batch()
        attached = self._catalog.attached(topic)
        now = Timestamp()
        now.FromMicroseconds(int(self._clock.wall() * 1e6))
        for message in messages:
            number = next(self._ids)
            batch.ids.append(number)
            getters = [served for served in attached if served.matches(message.attributes)]
            if getters:
                batch.messages.append(_stamped(number, message, now))
                batch.wanted += [Wanted(number, served.number, message.ordering_key) for served in getters]
                batch.getters.update(getters)
        return batch


def _stamped(number: int, message: pb.PubsubMessage, now: Timestamp) -> Published:
    message.message_id = str(number)
    message.publish_time.CopyFrom(now)
    return Published(number, now.ToNanoseconds(), message.SerializeToString())
