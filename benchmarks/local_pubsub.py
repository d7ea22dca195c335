"""How fast the local Pub/Sub is, with Google's own client at the other end.

    python benchmarks/local_pubsub.py [MESSAGES] [BYTES_EACH]

Server and client are two processes of this machine, the file is on its disk. The client is the slower of the two: its
CPU time and the server's are given beside each rate. Receiving uses one streaming pull whose callback acknowledges at
once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from klio_exec.local.pubsub import PubSubServer, serve

TOPIC = "projects/bench-project/topics/bench"
SUBSCRIPTION = "projects/bench-project/subscriptions/bench"


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
    assert len(ids) == count
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
    assert len(set(seen)) == count
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

    def run(self, label: str, work: Callable[[], float]) -> None:
        client, server = time.process_time(), self._server_cpu()
        rate = work()
        client, server = time.process_time() - client, self._server_cpu() - server
        print(f"{label:34}{rate:8,.0f} messages/s   client {client:5.1f} s CPU   server {server:5.1f} s CPU")

    def _server_cpu(self) -> float:
        fields = Path(f"/proc/{self._server}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    warnings.simplefilter("ignore")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pubsub.db")
        spawn = multiprocessing.get_context("spawn")
        mine, theirs = spawn.Pipe()
        server = spawn.Process(target=run_server, args=(path, theirs), daemon=True)
        server.start()
        os.environ["PUBSUB_EMULATOR_HOST"] = endpoint = f"127.0.0.1:{mine.recv()}"
        create()
        idle, meter = resident_mb(server.pid or 0), Meter(server.pid or 0)
        print(f"{count:,} messages of {size} bytes each time")
        meter.run("publish, batches of 100 (default)", lambda: publish(count, size, 100))
        meter.run("pull and ack", lambda: receive(count))
        meter.run("publish, batches of 1000", lambda: publish(count, size, 1000))
        meter.run("publish, no client library", lambda: publish_bare(endpoint, count, size))
        print(f"server's memory                   {resident_mb(server.pid or 0) - idle:8,.0f} MB more, all waiting")
        server.kill()
        server.join()
        print(f"start after kill -9               {restart_seconds(path):8.2f} s")


if __name__ == "__main__":
    main()
