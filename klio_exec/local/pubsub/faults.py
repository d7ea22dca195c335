"""Between the network and the broker: calls that fail on purpose, and messages that get lost, late or doubled."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from klio_core.faults import ACK, DELIVERY, Fault, Faults, Kind
from klio_exec.local.pubsub.methods import Context
from klio_exec.local.pubsub.wire import pb

_PULL = "pubsub.pull"
_OPERATIONS = {
    "Publish": "pubsub.publish",
    "Pull": _PULL,
    "StreamingPull": _PULL,
    "Acknowledge": "pubsub.acknowledge",
    "ModifyAckDeadline": "pubsub.lease",
}
_REFUSALS = {
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Kind.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.DENIED: grpc.StatusCode.PERMISSION_DENIED,
}
_HEARD_OF_NOTHING = {Kind.LOST_REPLY, Kind.CUT}
_NO_LIMIT = 1 << 30

Unary = Callable[[Any, Context], Awaitable[Any]]
Stream = Callable[[AsyncIterator[Any], Context], AsyncIterator[Any]]


class OnTheWay:
    """Messages between the broker and its subscribers; those that are late wait here for a later answer."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._late: dict[str, list[tuple[float, pb.ReceivedMessage]]] = defaultdict(list)

    def arriving(self, subscription: str, sent: Iterable[Any], room: int = _NO_LIMIT) -> list[Any]:
        """Answer what arrives of what is sent now, and then of what is late, `room` messages at most."""
        now, late = time.monotonic(), self._late[subscription]
        due = [one for one in late if one[0] <= now]
        here = []
        for message in sent:
            fault = self._faults.next(DELIVERY)
            kind = fault.kind if fault else None
            if kind in {None, Kind.DUPLICATE}:
                here.append(message)
            if fault is not None and kind is not Kind.DROP:
                late.append((now + fault.seconds if kind is Kind.DELAY else now, message))
        for one in due[: max(0, room - len(here))]:
            late.remove(one)
            here.append(one[1])
        return here

    def acknowledged(self, ack_ids: Iterable[str]) -> list[str]:
        """Answer the acknowledgements that arrive."""
        return [ack_id for ack_id in ack_ids if self._faults.next(ACK) is None]


class FaultyCalls(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in its stubs only
    """Stands before every call of Google's two services, and commits the faults that befall it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._way = OnTheWay(faults)

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Answer the handler of a call, with the faults around it."""
        handler = await continuation(handler_call_details)
        _, service, method = handler_call_details.method.split("/")
        if handler is None or not service.startswith("google.pubsub."):
            return handler
        how = (handler.request_deserializer, handler.response_serializer)
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(partial(self._stream, handler.stream_stream), *how)
        return grpc.unary_unary_rpc_method_handler(partial(self._call, method, handler.unary_unary), *how)

    async def _call(self, method: str, serve: Unary, request: Any, context: Context) -> Any:
        fault = self._faults.next(_OPERATIONS.get(method, "pubsub.admin"))
        await _befall(fault, context)
        if method == "Acknowledge" and request.ack_ids:
            request.ack_ids[:] = self._way.acknowledged(request.ack_ids)
            if not request.ack_ids:
                return Empty()
        answer = await serve(request, context)
        if method == "Pull":
            sent = self._way.arriving(request.subscription, answer.received_messages, request.max_messages)
            answer = pb.PullResponse(received_messages=sent)
        if fault is not None and fault.kind in _HEARD_OF_NOTHING:
            await _abort(context, grpc.StatusCode.UNAVAILABLE)
        return answer

    async def _stream(self, serve: Stream, requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        fault = self._faults.next(_PULL)
        await _befall(fault, context)
        subscription = ""

        async def heard() -> AsyncIterator[Any]:
            nonlocal subscription
            async for request in requests:
                subscription = subscription or request.subscription
                request.ack_ids[:] = self._way.acknowledged(request.ack_ids)
                yield request

        async for answer in serve(heard(), context):
            if fault is not None and fault.kind is Kind.LOST_REPLY:
                await _abort(context, grpc.StatusCode.UNAVAILABLE)
            sent = self._way.arriving(subscription, answer.received_messages)
            yield pb.StreamingPullResponse(received_messages=sent)
            if fault is not None and fault.kind is Kind.CUT:
                await _abort(context, grpc.StatusCode.UNAVAILABLE)


async def _befall(fault: Fault | None, context: Context) -> None:
    """Do to a call what is to be done before it is served."""
    if fault is None:
        return
    if fault.kind is Kind.SLOW:
        await asyncio.sleep(fault.seconds)
    elif fault.kind in _REFUSALS:
        await _abort(context, _REFUSALS[fault.kind])


async def _abort(context: Context, code: grpc.StatusCode) -> None:
    await context.abort(code, "The local Pub/Sub does not answer this call, on purpose.")
