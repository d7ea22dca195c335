"""google.pubsub.v1.Publisher: each call translated, nothing decided."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.limits import check_publish
from klio_exec.local.pubsub.methods import Methods, unary
from klio_exec.local.pubsub.paging import page
from klio_exec.local.pubsub.wire import pb

SERVICE = "google.pubsub.v1.Publisher"


class Publisher:
    """The publisher's side of the API over a broker."""

    def __init__(self, broker: Broker) -> None:
        self._catalog = broker.catalog
        self._publishing = broker.publishing

    def methods(self) -> Methods:
        """Name to handler."""
        return {
            "CreateTopic": unary(self._catalog.create_topic, pb.Topic),
            "UpdateTopic": unary(self._update_topic, pb.UpdateTopicRequest),
            "Publish": unary(self._publish, pb.PublishRequest),
            "GetTopic": unary(self._get_topic, pb.GetTopicRequest),
            "ListTopics": unary(self._list_topics, pb.ListTopicsRequest),
            "ListTopicSubscriptions": unary(self._list_subscriptions, pb.ListTopicSubscriptionsRequest),
            "DeleteTopic": unary(self._delete_topic, pb.DeleteTopicRequest),
            "DetachSubscription": unary(self._detach, pb.DetachSubscriptionRequest),
        }

    async def _publish(self, request: pb.PublishRequest) -> pb.PublishResponse:
        check_publish(request)
        return pb.PublishResponse(message_ids=await self._publishing.publish(request.topic, request.messages))

    async def _update_topic(self, request: pb.UpdateTopicRequest) -> pb.Topic:
        return await self._catalog.update_topic(request.topic, request.update_mask)

    async def _get_topic(self, request: pb.GetTopicRequest) -> pb.Topic:
        return self._catalog.topic(request.topic)

    async def _list_topics(self, request: pb.ListTopicsRequest) -> pb.ListTopicsResponse:
        every = self._catalog.topics(request.project)
        here, token = page(every, request.page_size, request.page_token, lambda topic: str(topic.name))
        return pb.ListTopicsResponse(topics=here, next_page_token=token)

    async def _list_subscriptions(self, request: pb.ListTopicSubscriptionsRequest) -> pb.ListTopicSubscriptionsResponse:
        self._catalog.topic(request.topic)
        every = sorted(served.name for served in self._catalog.attached(request.topic))
        here, token = page(every, request.page_size, request.page_token, str)
        return pb.ListTopicSubscriptionsResponse(subscriptions=here, next_page_token=token)

    async def _delete_topic(self, request: pb.DeleteTopicRequest) -> Empty:
        await self._catalog.delete_topic(request.topic)
        return Empty()

    async def _detach(self, request: pb.DetachSubscriptionRequest) -> pb.DetachSubscriptionResponse:
        await self._catalog.detach(request.subscription)
        return pb.DetachSubscriptionResponse()
