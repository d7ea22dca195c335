"""The server: the API's methods on a port of this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct

from klio_core.errors import LocalCloudError
from klio_core.faults import Faults
from klio_exec.local.pubsub import iam, publisher, subscriber
from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.faults import FaultyCalls
from klio_exec.local.pubsub.methods import Methods, unary

STATS_SERVICE = "klio.local.PubSub"  # beside Google's services, for `klio local status` and tests
GRACE_S = 0.5

_OPTIONS = (
    # Twice a port by mistake must be an error, not a coin toss between two servers.
    ("grpc.so_reuseport", 0),
    # Larger than the API's own limit, so that its own words refuse what is too large.
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    # Clients of the cloud ping idle streams more often than gRPC's default allows.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class PubSubServer:
    """A Pub/Sub server over one file, to be used inside a running event loop; `faults` befall its calls.

    `start` raises LocalCloudError when the port is taken or the file cannot be used.
    """

    def __init__(self, path: Path, *, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None) -> None:
        self._path = path
        self._host = host
        self._port = port
        self._faults = faults
        self._interceptors = [FaultyCalls(faults)] if faults else None
        self._broker: Broker | None = None
        self._server: grpc.aio.Server | None = None

    async def start(self) -> int:
        """Listen; returns the port, a free one where 0 was asked for."""
        # The file first: it can be closed again, while a port that was never served stays bound for a while.
        broker = Broker(self._path)
        server = grpc.aio.server(options=_OPTIONS, interceptors=self._interceptors)
        try:
            port = _bind(server, self._host, self._port)
        except LocalCloudError:
            await broker.close()
            raise
        _add(server, publisher.SERVICE, publisher.Publisher(broker).methods())
        _add(server, subscriber.SERVICE, subscriber.Subscriber(broker).methods())
        _add(server, iam.SERVICE, iam.Policy(broker, self._faults).methods())
        _add(server, STATS_SERVICE, {"Stats": unary(self._stats, Empty)})
        self._server, self._broker = server, broker
        broker.start()
        await server.start()
        return port

    async def stop(self) -> None:
        """Answer what is under way, then let go of port and file. Unacknowledged messages stay in the file."""
        if self._server and self._broker:
            await self._server.stop(GRACE_S)
            await self._broker.close()
        self._server = self._broker = None

    def stats(self) -> dict[str, dict[str, int]]:
        """Counters per subscription, see Broker.stats; empty when stopped."""
        return self._broker.stats() if self._broker else {}

    async def _stats(self, _request: Empty) -> Struct:
        answer = Struct()
        answer.update(self.stats())
        return answer


async def serve(
    path: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    stopping: asyncio.Event,
    ready: Callable[[int], None] | None = None,
    faults: Faults | None = None,
) -> None:
    """Serve until `stopping` is set. `ready` is told the port once clients can connect.

    Raises LocalCloudError when the port is taken or the file cannot be used.
    """
    server = PubSubServer(path, host=host, port=port, faults=faults)
    bound = await server.start()
    try:
        if ready:
            ready(bound)
        await stopping.wait()
    finally:
        await server.stop()


def _bind(server: grpc.aio.Server, host: str, port: int) -> int:
    try:
        with socket.socket() as probe:  # gRPC prints to stderr when it finds a port taken; this looks quietly first
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
        return server.add_insecure_port(f"{host}:{port}")
    except (OSError, RuntimeError) as error:
        raise LocalCloudError(
            f"Port {port} is in use, or may not be used.",
            where=f"{host}:{port}",
            got=str(error),
            todo="If a local cloud runs there already, use it (`klio local status`); else choose another port, or "
            f"end the program that holds this one (`ss -ltnp | grep :{port}` names it).",
        ) from error


def _add(server: grpc.aio.Server, service: str, methods: Methods) -> None:
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, dict(methods)),))
