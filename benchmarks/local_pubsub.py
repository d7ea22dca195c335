"""How fast the local Pub/Sub is, with Google's own client at the other end.

    python benchmarks/local_pubsub.py [MESSAGES] [BYTES_EACH]

Server and client are two processes of this machine, the file is on its disk. Publishing uses the client's default batches;
receiving uses one streaming pull whose callback acknowledges at once.
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
from multiprocessing.connection import Connection
from pathlib import Path

from klio_exec.local.pubsub import PubSubServer, serve, stats

TOPIC = "projects/bench-project/topics/bench"
SUBSCRIPTION = "projects/bench-project/subscriptions/bench"


def run_server(path: Path, pipe: Connection) -> None:
    asyncio.run(serve(path, stopping=asyncio.Event(), ready=pipe.send))


def publish(count: int, size: int) -> float:
    from google.cloud import pubsub_v1

    publisher = pubsub_v1.PublisherClient()
    publisher.create_topic(name=TOPIC)
    pubsub_v1.SubscriberClient().create_subscription(name=SUBSCRIPTION, topic=TOPIC)
    payload = os.urandom(size)
    begin = time.perf_counter()
    futures = [publisher.publish(TOPIC, payload) for _ in range(count)]
    ids = {future.result() for future in futures}
    elapsed = time.perf_counter() - begin
    assert len(ids) == count
    return count / elapsed


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
        endpoint = f"127.0.0.1:{mine.recv()}"
        os.environ["PUBSUB_EMULATOR_HOST"] = endpoint
        pid = server.pid or 0
        idle = resident_mb(pid)
        print(f"publish            {publish(count, size):10,.0f} messages/s  ({count:,} of {size} bytes)")
        print(f"server's memory    {resident_mb(pid) - idle:10,.0f} MB more with all of them waiting")
        print(f"pull and ack       {receive(count):10,.0f} messages/s")
        print(f"counters           {stats(endpoint)[SUBSCRIPTION]}")
        server.kill()
        server.join()
        print(f"start after kill   {restart_seconds(path):10.2f} s")


if __name__ == "__main__":
    main()
