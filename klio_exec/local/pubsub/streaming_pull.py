"""The StreamingPull call: messages flow one way, acknowledgements and extensions the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from klio_exec.local.pubsub.catalog import Catalog
from klio_exec.local.pubsub.delivery import Delivered, Delivery
from klio_exec.local.pubsub.errors import invalid, out_of_bounds
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.settings import ACK_DEADLINE_S
from klio_exec.local.pubsub.subscription import Served
from klio_exec.local.pubsub.wire import pb


@dataclass
class _Stream:
    served: Served
    flow: Flow
    lease_s: int


class StreamingPull:
    """Serves one stream per call of `run`.

    The stream ends when the client stops sending, when the subscription is deleted (NOT_FOUND) or detached, or when the
    client breaks a rule (INVALID_ARGUMENT). Messages that it held stay leased until their deadline, as in Google's
    service.
    """

    def __init__(self, catalog: Catalog, delivery: Delivery) -> None:
        self._catalog = catalog
        self._delivery = delivery

    async def run(self, requests: AsyncIterator[pb.StreamingPullRequest]) -> AsyncIterator[pb.StreamingPullResponse]:
        """Responses, each as soon as there are messages that the client has room for."""
        first = await anext(requests, None)
        if first is None:
            return
        stream = self._open(first)
        listening = asyncio.create_task(self._listen(stream, first, requests))
        listening.add_done_callback(lambda _: stream.flow.wake.set())
        try:
            with stream.served.pulled_by(stream.flow):
                async for got in self._batches(stream, listening):
                    yield pb.StreamingPullResponse(received_messages=[received(one) for one in got])
            await listening  # raises what the client did wrong
        finally:
            listening.cancel()

    def _open(self, first: pb.StreamingPullRequest) -> _Stream:
        if not first.subscription:
            raise invalid("The first request of a stream must set subscription.")
        served = self._catalog.subscription(first.subscription)
        _check_deadline(first.stream_ack_deadline_seconds)
        flow = Flow(first.max_outstanding_messages, first.max_outstanding_bytes)
        return _Stream(served, flow, first.stream_ack_deadline_seconds)

    async def _batches(self, stream: _Stream, listening: asyncio.Task[None]) -> AsyncIterator[list[Delivered]]:
        while not listening.done():
            stream.flow.wake.clear()
            got = await self._delivery.take(stream.served, stream.flow, stream.lease_s)
            if got:
                yield got
            else:
                await stream.flow.wake.wait()

    async def _listen(
        self, stream: _Stream, first: pb.StreamingPullRequest, requests: AsyncIterator[pb.StreamingPullRequest]
    ) -> None:
        await self._obey(stream, first)
        async for request in requests:
            if request.subscription:
                raise invalid("Only the first request of a stream may set subscription.")
            if request.stream_ack_deadline_seconds:
                _check_deadline(request.stream_ack_deadline_seconds)
                stream.lease_s = request.stream_ack_deadline_seconds
            await self._obey(stream, request)

    async def _obey(self, stream: _Stream, request: pb.StreamingPullRequest) -> None:
        if len(request.modify_deadline_ack_ids) != len(request.modify_deadline_seconds):
            raise invalid("modify_deadline_ack_ids and modify_deadline_seconds must have the same length.")
        for ack_id, seconds in zip(request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True):
            self._delivery.modify(stream.served, [ack_id], seconds)
        await self._delivery.acknowledge(stream.served, request.ack_ids)


def received(one: Delivered) -> pb.ReceivedMessage:
    """A delivery on the wire."""
    message = pb.PubsubMessage.FromString(one.body)
    return pb.ReceivedMessage(ack_id=one.ack_id, message=message, delivery_attempt=one.attempt)


def _check_deadline(seconds: int) -> None:
    if not ACK_DEADLINE_S[0] <= seconds <= ACK_DEADLINE_S[1]:
        raise out_of_bounds("stream_ack_deadline_seconds", seconds, *ACK_DEADLINE_S)
