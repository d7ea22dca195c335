"""How fast the local Pub/Sub is, with Google's own client at the other end.

Server and client are two processes of this machine, the file is on its disk. The client is the slower of the two: its
CPU time and the server's are given beside each rate. Receiving uses one streaming pull whose callback acknowledges at
once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.table import Row, check
from klio_exec.local.pubsub import PubSubServer, serve

TOPIC = "projects/bench-project/topics/bench"
SUBSCRIPTION = "projects/bench-project/subscriptions/bench"
BYTES_EACH = 200


def run_server(path: Path, pipe: Connection) -> None:
    asyncio.run(serve(path, stopping=asyncio.Event(), ready=pipe.send))


def create() -> None:
    from google.cloud import pubsub_v1

    pubsub_v1.PublisherClient().create_topic(name=TOPIC)
    pubsub_v1.SubscriberClient().create_subscription(name=SUBSCRIPTION, topic=TOPIC)


def publish(count: int, size: int, batch: int) -> float:
    from google.cloud import pubsub_v1

    publisher = pubsub_v1.PublisherClient(pubsub_v1.types.BatchSettings(max_messages=batch))
    payload = os.urandom(size)
    begin = time.perf_counter()
    futures = [publisher.publish(TOPIC, payload) for _ in range(count)]
    ids = {future.result() for future in futures}
    elapsed = time.perf_counter() - begin
    check(len(ids) == count, f"{count} messages got {len(ids)} identifiers")
    return count / elapsed


def publish_bare(endpoint: str, count: int, size: int) -> float:
    """Ready-made requests without the client library: what the server takes by itself."""
    import grpc
    from google.pubsub_v1.types import PublishRequest, PubsubMessage

    messages = [PubsubMessage(data=os.urandom(size)) for _ in range(100)]
    request = PublishRequest.serialize(PublishRequest(topic=TOPIC, messages=messages))
    with grpc.insecure_channel(endpoint) as channel:
        call = channel.unary_unary("/google.pubsub.v1.Publisher/Publish")
        begin = time.perf_counter()
        for answer in [call.future(request) for _ in range(count // 100)]:
            answer.result()
        return count / (time.perf_counter() - begin)


def receive(count: int) -> float:
    from google.cloud import pubsub_v1

    done, seen = threading.Event(), []

    def on_message(message: pubsub_v1.subscriber.message.Message) -> None:
        message.ack()
        seen.append(message.message_id)
        if len(seen) >= count:
            done.set()

    subscriber = pubsub_v1.SubscriberClient()
    begin = time.perf_counter()
    pulling = subscriber.subscribe(SUBSCRIPTION, on_message)
    done.wait(120)
    elapsed = time.perf_counter() - begin
    pulling.cancel()
    pulling.result()
    check(len(set(seen)) == count, f"of {count} messages {len(set(seen))} arrived")
    return len(seen) / elapsed


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def restart_seconds(path: Path) -> float:
    async def start_and_stop() -> float:
        server = PubSubServer(path)
        begin = time.perf_counter()
        await server.start()
        elapsed = time.perf_counter() - begin
        await server.stop()
        return elapsed

    return asyncio.run(start_and_stop())


class Meter:
    """What this process and the server spend on a piece of work."""

    def __init__(self, server: int) -> None:
        self._server = server

    def row(self, label: str, aim: str, work: Callable[[], float]) -> Row:
        client, server = time.process_time(), self._server_cpu()
        rate = work()
        client, server = time.process_time() - client, self._server_cpu() - server
        cpu = f"CPU: server {server:.1f} s, client {client:.1f} s"
        return Row(label, aim, f"{rate:,.0f} messages per second ({cpu})")

    def _server_cpu(self) -> float:
        fields = Path(f"/proc/{self._server}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rows(*, short: bool) -> list[Row]:
    warnings.simplefilter("ignore")
    count = 2_000 if short else 50_000
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pubsub.db")
        spawn = multiprocessing.get_context("spawn")
        mine, theirs = spawn.Pipe()
        server = spawn.Process(target=run_server, args=(path, theirs), daemon=True)
        server.start()
        os.environ["PUBSUB_EMULATOR_HOST"] = endpoint = f"127.0.0.1:{mine.recv()}"
        create()
        found = _measured(server.pid or 0, endpoint, count)
        server.kill()
        server.join()
        return [*found, Row("start after kill -9", "", f"{restart_seconds(path):.2f} s")]


def _measured(server: int, endpoint: str, count: int) -> list[Row]:
    idle, meter = resident_mb(server), Meter(server)
    of = f"{count:,} messages of {BYTES_EACH} bytes"
    return [
        meter.row(f"publish {of}, batches of 100", "≥ 15,000", lambda: publish(count, BYTES_EACH, 100)),
        meter.row("pull and acknowledge them", "≥ 8,000", lambda: receive(count)),
        meter.row("publish, batches of 1,000", "", lambda: publish(count, BYTES_EACH, 1000)),
        meter.row("publish, no client library", "", lambda: publish_bare(endpoint, count, BYTES_EACH)),
        Row(f"server's memory, {2 * count:,} messages waiting", "", f"{resident_mb(server) - idle:,.0f} MB more"),
    ]
