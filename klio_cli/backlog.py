"""What waits in the subscriptions of the local cloud: asked of its Pub/Sub, in its own words beside Google's API."""

from __future__ import annotations

from typing import Any

from klio_core.errors import EngineError, LocalCloudError

_METHOD = "/klio.local.PubSub/Stats"
_SECONDS = 5.0


def waiting(host: str) -> list[tuple[str, int, int]]:
    """Answer each subscription, how many of its messages nobody has leased, and how many are leased now.

    Raises LocalCloudError where the Pub/Sub at `host` does not answer, EngineError where grpc is not installed.
    """
    try:
        import grpc
        from google.protobuf.empty_pb2 import Empty
        from google.protobuf.struct_pb2 import Struct
    except ImportError as error:
        raise EngineError("grpc is not installed", got=str(error), todo="pip install 'klio[exec]'") from error
    with grpc.insecure_channel(host) as channel:
        ask = channel.unary_unary(
            _METHOD, request_serializer=Empty.SerializeToString, response_deserializer=Struct.FromString
        )
        try:
            counters = ask(Empty(), timeout=_SECONDS)
        except grpc.RpcError as error:
            raise LocalCloudError(
                "the local Pub/Sub does not answer", where=host, got=_said(error), todo="klio local down, then up again"
            ) from error
    return sorted((name, int(of["pending"]), int(of["outstanding"])) for name, of in counters.items())


def _said(error: Any) -> str:
    return f"{error.code().name}: {error.details()}"
