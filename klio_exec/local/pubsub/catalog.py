"""The topics and subscriptions that exist.

Memory is changed first and the disk right after, in the order of the calls: whoever asks next sees the new state, and
the caller is answered when it is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from google.protobuf.field_mask_pb2 import FieldMask

from klio_exec.local.pubsub import names, schema, settings
from klio_exec.local.pubsub.committer import Committer
from klio_exec.local.pubsub.errors import already_exists, not_found
from klio_exec.local.pubsub.storage import Store
from klio_exec.local.pubsub.subscription import Served
from klio_exec.local.pubsub.wire import pb


class Catalog:
    """Names to settings; every method raises Refused as Google's service would."""

    def __init__(self, store: Store, committer: Committer) -> None:
        self._committer = committer
        self._epoch = store.epoch
        self._topics: dict[str, pb.Topic] = {}
        self._subscriptions: dict[str, Served] = {}
        self._last_number = 0
        self._load(store)

    # Topics

    async def create_topic(self, asked: pb.Topic) -> pb.Topic:
        """A new topic."""
        names.check_topic(asked.name)
        topic = settings.complete_topic(asked)
        if topic.name in self._topics:
            raise already_exists(topic.name)
        self._topics[topic.name] = topic
        try:
            await self._save_topic(topic)
        except BaseException:  # a cancelled call, too, leaves nothing half made; raised again
            self._topics.pop(topic.name, None)
            raise
        return topic

    def topic(self, name: str) -> pb.Topic:
        """The topic of this name."""
        names.check_topic(name)
        if name not in self._topics:
            raise not_found(name)
        return self._topics[name]

    def topics(self, project: str) -> list[pb.Topic]:
        """Those of `projects/P`, by name."""
        names.check_project(project)
        return [self._topics[name] for name in sorted(self._topics) if name.startswith(f"{project}/")]

    async def update_topic(self, wanted: pb.Topic, mask: FieldMask) -> pb.Topic:
        """The topic with the masked fields changed."""
        topic = settings.updated_topic(self.topic(wanted.name), wanted, mask)
        self._topics[topic.name] = topic
        await self._save_topic(topic)
        return topic

    async def delete_topic(self, name: str) -> None:
        """The topic goes; its subscriptions stay, with what they still have to deliver, and name a deleted topic."""
        self.topic(name)
        orphans = self.attached(name)
        del self._topics[name]
        for served in orphans:
            served.settings.topic = names.DELETED_TOPIC
            self._save_subscription(served)
        await self._committer.submit(schema.delete_topic(name))

    # Subscriptions

    async def create_subscription(self, asked: pb.Subscription) -> pb.Subscription:
        """A new subscription; it gets what is published from now on."""
        names.check_subscription(asked.name)
        full = settings.complete_subscription(asked)
        if full.name in self._subscriptions:
            raise already_exists(full.name)
        self.topic(full.topic)
        self._check_dead_letters(full)
        self._last_number += 1
        served = self._serve(self._last_number, full)
        try:
            await self._save_subscription(served)
        except BaseException:  # a cancelled call, too, leaves nothing half made; raised again
            self._subscriptions.pop(full.name, None)
            raise
        return full

    def subscription(self, name: str) -> Served:
        """The subscription of this name."""
        names.check_subscription(name)
        if name not in self._subscriptions:
            raise not_found(name)
        return self._subscriptions[name]

    def subscriptions(self, project: str) -> list[pb.Subscription]:
        """Those of `projects/P`, by name."""
        names.check_project(project)
        mine = (name for name in sorted(self._subscriptions) if name.startswith(f"{project}/"))
        return [self._subscriptions[name].settings for name in mine]

    def all_served(self) -> Iterable[Served]:
        """Every subscription of every project."""
        return list(self._subscriptions.values())

    def attached(self, topic: str) -> list[Served]:
        """The subscriptions that get what is published to `topic`."""
        served = self._subscriptions.values()
        return [one for one in served if one.settings.topic == topic and not one.settings.detached]

    async def update_subscription(self, wanted: pb.Subscription, mask: FieldMask) -> pb.Subscription:
        """The subscription with the masked fields changed."""
        served = self.subscription(wanted.name)
        full = settings.updated_subscription(served.settings, wanted, mask)
        self._check_dead_letters(full)
        served.settings = full
        await self._save_subscription(served)
        return full

    async def delete_subscription(self, name: str) -> None:
        """The subscription goes with its backlog; its pullers are told that it is not found."""
        served = self.subscription(name)
        del self._subscriptions[name]
        served.deleted = True
        served.backlog.clear()
        served.wake()
        await self._committer.submit(schema.delete_subscription(served.number))

    async def detach(self, name: str) -> None:
        """The subscription stays, empty, and gets nothing any more."""
        served = self.subscription(name)
        served.settings.detached = True
        served.backlog.clear()
        served.wake()
        self._save_subscription(served)
        await self._committer.submit(schema.empty_backlog(served.number))

    def _check_dead_letters(self, full: pb.Subscription) -> None:
        if full.HasField("dead_letter_policy"):
            self.topic(full.dead_letter_policy.dead_letter_topic)

    def _serve(self, number: int, full: pb.Subscription) -> Served:
        served = Served(number, full, self._epoch)
        self._subscriptions[full.name] = served
        return served

    def _save_topic(self, topic: pb.Topic) -> asyncio.Future[None]:
        return self._committer.submit(schema.save_topic(topic.name, topic.SerializeToString()))

    def _save_subscription(self, served: Served) -> asyncio.Future[None]:
        change = schema.save_subscription(served.number, served.settings.SerializeToString())
        return self._committer.submit(change)

    def _load(self, store: Store) -> None:
        for saved in store.read(schema.topics):
            topic = pb.Topic.FromString(saved)
            self._topics[topic.name] = topic
        numbered = {
            number: self._serve(number, pb.Subscription.FromString(saved))
            for number, saved in store.read(schema.subscriptions)
        }
        self._last_number = max(numbered, default=0)
        for wanted in store.read(schema.unacknowledged):
            numbered[wanted.subscription].backlog.add(wanted.message, wanted.ordering_key, wanted.failures)
