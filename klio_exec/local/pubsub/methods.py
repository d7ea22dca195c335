"""What every method of the API has in common: bytes to messages and back, and refusals to status codes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import grpc

from klio_exec.local.pubsub.errors import Refused, not_here

Request = TypeVar("Request")
Methods = Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]
Context = Any  # grpc.aio.ServicerContext, whose type needs the message types that proto-plus hides


def unary(answer: Callable[[Request], Awaitable[Any]], request: type[Request]) -> grpc.RpcMethodHandler[Any, Any]:
    """A handler for a call with one request and one answer."""

    async def handle(message: Request, context: Context) -> Any:
        try:
            return await answer(message)
        except Refused as refused:
            await context.abort(refused.code, str(refused))

    return grpc.unary_unary_rpc_method_handler(handle, _parser(request), _serialize)


def timed(
    answer: Callable[[Request, float | None], Awaitable[Any]], request: type[Request]
) -> grpc.RpcMethodHandler[Any, Any]:
    """A handler for a call that may take all the time that its client allows: seconds, or None for no limit."""

    async def handle(message: Request, context: Context) -> Any:
        try:
            return await answer(message, context.time_remaining())
        except Refused as refused:
            await context.abort(refused.code, str(refused))

    return grpc.unary_unary_rpc_method_handler(handle, _parser(request), _serialize)


def streaming(
    answer: Callable[[AsyncIterator[Request]], AsyncIterator[Any]], request: type[Request]
) -> grpc.RpcMethodHandler[Any, Any]:
    """A handler for a call with a stream each way."""

    async def handle(messages: AsyncIterator[Request], context: Context) -> AsyncIterator[Any]:
        await context.send_initial_metadata(())  # the client learns at once that the stream is open
        try:
            async for response in answer(messages):
                yield response
        except Refused as refused:
            await context.abort(refused.code, str(refused))

    return grpc.stream_stream_rpc_method_handler(handle, _parser(request), _serialize)


def missing(feature: str, request: type[Request]) -> grpc.RpcMethodHandler[Any, Any]:
    """A handler for what Google's service has and this one does not."""

    async def refuse(_request: Request) -> Any:
        raise not_here(feature)

    return unary(refuse, request)


def _parser(request: type[Request]) -> Callable[[bytes], Request]:
    parse: Callable[[bytes], Request] = request.FromString  # type: ignore[attr-defined] # a protobuf class
    return parse


def _serialize(response: Any) -> bytes:
    data: bytes = response.SerializeToString()
    return data
