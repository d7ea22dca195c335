"""The server beside other code in one process: what tests and notebooks use."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from klio_core.faults import Faults
from klio_exec.local.pubsub.server import STATS_SERVICE, serve

Started = Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]]


@contextmanager
def local_pubsub(path: Path | None = None, port: int = 0, *, faults: Faults | None = None) -> Iterator[str]:
    """A Pub/Sub server on a thread of this process; yields its `host:port`, as PUBSUB_EMULATOR_HOST wants it.

    `faults` befall its calls. Without a path its file lies in a temporary directory and goes with it. Raises
    LocalCloudError when the port is taken or the file cannot be used.
    """
    with ExitStack() as stack:
        if path is None:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="klio-pubsub-"))
            path = Path(directory, "pubsub.db")
        bound = stack.enter_context(_running(path, port, faults))
        yield f"127.0.0.1:{bound}"


def stats(endpoint: str) -> dict[str, dict[str, int]]:
    """Counters of the server at `endpoint`, by subscription.

    They are delivered, acked, expired, extended, nacked, dead_lettered, late (since the server started), pending and
    outstanding (now). Raises grpc.RpcError when no such server answers within five seconds.
    """
    with grpc.insecure_channel(endpoint) as channel:
        call = channel.unary_unary(
            f"/{STATS_SERVICE}/Stats",
            request_serializer=Empty.SerializeToString,
            response_deserializer=Struct.FromString,
        )
        counters = MessageToDict(call(Empty(), timeout=5))
    return {name: {key: int(value) for key, value in each.items()} for name, each in counters.items()}


@contextmanager
def _running(path: Path, port: int, faults: Faults | None) -> Iterator[int]:
    started: Started = Future()
    thread = threading.Thread(target=_thread, args=(path, port, faults, started), name="local-pubsub", daemon=True)
    thread.start()
    bound, loop, stopping = started.result()
    try:
        yield bound
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()


def _thread(path: Path, port: int, faults: Faults | None, started: Started) -> None:
    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()

        def ready(bound: int) -> None:
            started.set_result((bound, loop, stopping))

        await serve(path, port=port, stopping=stopping, ready=ready, faults=faults)

    try:
        asyncio.run(main())
    except BaseException as error:  # whatever it is: it is raised where the server was asked for
        if started.done():
            raise
        started.set_exception(error)
