"""google.pubsub.v1.Subscriber: each call translated, nothing decided."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from google.protobuf.empty_pb2 import Empty

from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.delivery import MAX_RESPONSE_BYTES
from klio_exec.local.pubsub.errors import invalid
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.methods import Methods, missing, streaming, timed, unary
from klio_exec.local.pubsub.paging import page
from klio_exec.local.pubsub.streaming_pull import StreamingPull, received
from klio_exec.local.pubsub.wire import pb

SERVICE = "google.pubsub.v1.Subscriber"

LONGEST_PULL_S = 90.0  # for a client that sets no deadline
# A pull answers empty this long before its client gives up: running into the deadline kills Beam's reader.
PULL_MARGIN_S = 0.25


class Subscriber:
    """The subscriber's side of the API over a broker."""

    def __init__(self, broker: Broker) -> None:
        self._catalog = broker.catalog
        self._delivery = broker.delivery

    def methods(self) -> Methods:
        """Name to handler."""
        stream = StreamingPull(self._catalog, self._delivery)
        return {
            "CreateSubscription": unary(self._catalog.create_subscription, pb.Subscription),
            "GetSubscription": unary(self._get, pb.GetSubscriptionRequest),
            "UpdateSubscription": unary(self._update, pb.UpdateSubscriptionRequest),
            "ListSubscriptions": unary(self._list, pb.ListSubscriptionsRequest),
            "DeleteSubscription": unary(self._delete, pb.DeleteSubscriptionRequest),
            "ModifyAckDeadline": unary(self._modify, pb.ModifyAckDeadlineRequest),
            "Acknowledge": unary(self._acknowledge, pb.AcknowledgeRequest),
            "Pull": timed(self._pull, pb.PullRequest),
            "StreamingPull": streaming(stream.run, pb.StreamingPullRequest),
            "Seek": unary(self._seek, pb.SeekRequest),
            "ModifyPushConfig": missing("push subscriptions", pb.ModifyPushConfigRequest),
            "CreateSnapshot": missing("snapshots", pb.CreateSnapshotRequest),
            "GetSnapshot": missing("snapshots", pb.GetSnapshotRequest),
            "ListSnapshots": missing("snapshots", pb.ListSnapshotsRequest),
            "UpdateSnapshot": missing("snapshots", pb.UpdateSnapshotRequest),
            "DeleteSnapshot": missing("snapshots", pb.DeleteSnapshotRequest),
        }

    async def _get(self, request: pb.GetSubscriptionRequest) -> pb.Subscription:
        return self._catalog.subscription(request.subscription).settings

    async def _update(self, request: pb.UpdateSubscriptionRequest) -> pb.Subscription:
        return await self._catalog.update_subscription(request.subscription, request.update_mask)

    async def _list(self, request: pb.ListSubscriptionsRequest) -> pb.ListSubscriptionsResponse:
        every = self._catalog.subscriptions(request.project)
        here, token = page(every, request.page_size, request.page_token, lambda one: str(one.name))
        return pb.ListSubscriptionsResponse(subscriptions=here, next_page_token=token)

    async def _delete(self, request: pb.DeleteSubscriptionRequest) -> Empty:
        await self._catalog.delete_subscription(request.subscription)
        return Empty()

    async def _acknowledge(self, request: pb.AcknowledgeRequest) -> Empty:
        served = self._catalog.subscription(request.subscription)
        _check_some(request.ack_ids)
        await self._delivery.acknowledge(served, request.ack_ids)
        return Empty()

    async def _modify(self, request: pb.ModifyAckDeadlineRequest) -> Empty:
        served = self._catalog.subscription(request.subscription)
        _check_some(request.ack_ids)
        self._delivery.modify(served, request.ack_ids, request.ack_deadline_seconds)
        return Empty()

    async def _seek(self, request: pb.SeekRequest) -> pb.SeekResponse:
        served = self._catalog.subscription(request.subscription)
        if request.WhichOneof("target") is None:
            raise invalid("No target was specified in the SeekRequest. Must specify either a time or a snapshot.")
        if request.snapshot:
            raise invalid("The local Pub/Sub has no snapshots; seek to a time.")
        await self._delivery.seek(served, request.time.ToNanoseconds())
        return pb.SeekResponse()

    async def _pull(self, request: pb.PullRequest, allowed_s: float | None) -> pb.PullResponse:
        served = self._catalog.subscription(request.subscription)
        if request.max_messages <= 0:
            raise invalid("You have passed an invalid argument to the service (argument=max_messages).")
        lease_s = served.settings.ack_deadline_seconds
        flow = Flow(request.max_messages, MAX_RESPONSE_BYTES)
        patience = 0.0 if request.return_immediately else min(allowed_s or LONGEST_PULL_S, LONGEST_PULL_S)
        with served.pulled_by(flow):
            # Once outside of the timeout: who will not wait still gets what has to be read from disk.
            got = await self._delivery.take(served, flow, lease_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, patience - PULL_MARGIN_S)):
                    while not got:
                        await flow.wake.wait()
                        flow.wake.clear()
                        got = await self._delivery.take(served, flow, lease_s)
        return pb.PullResponse(received_messages=[received(one) for one in got])


def _check_some(ack_ids: object) -> None:
    if not ack_ids:
        raise invalid("No ack ids specified.")
