"""A streaming job that does nothing: how fast messages go through it, how long one takes, what its memory does.

An event is acknowledged when its output event is published. The local cloud and the job are processes of their own.
"""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

from benchmarks.local_job import OUT_SUBSCRIPTION, TOPIC, LocalJob, local_job, wait_until
from benchmarks.table import Row, check
from klio_core.message import Message

_WORK = """
import apache_beam as beam
from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        yield data
"""
_FIRST = 5_000  # by then a worker has everything that it will ever need


def rows(*, short: bool) -> list[Row]:
    """Measure, and check that every message came out."""
    messages, seconds = (2_000, 3) if short else (100_000, 30)
    with local_job(_WORK) as job:
        rate, growth_mib, size_mib = _backlog(job, messages)
    with local_job(_WORK) as job:
        latencies_ms = _one_by_one(job, 10 * seconds)
    return [
        Row("messages per second, through a job and acknowledged", "≥ 2500/s", f"{rate:,.0f}/s"),
        Row(
            f"memory of the worker, {min(_FIRST, messages // 2):,} → {messages:,} messages",
            "< 10 MB more",
            f"{growth_mib:+.1f} MiB, to {size_mib:.0f} MiB",
        ),
        Row(
            "publish to output at 10 messages per second, median",
            "≤ 45 ms",
            f"{statistics.median(latencies_ms):.0f} ms",
        ),
        Row("the same, 95 of 100", "", f"{statistics.quantiles(latencies_ms, n=20)[-1]:.0f} ms"),
    ]


def _backlog(job: LocalJob, messages: int) -> tuple[float, float, float]:
    """Answer messages per second, and the worker's growth and size (MiB)."""
    job.publish([b"%d" % number for number in range(messages)])
    first = min(_FIRST, messages // 2)
    with job.running() as worker:
        began = wait_until(lambda: job.acknowledged() >= first)
        skipped, before = job.acknowledged(), _resident_mib(worker.pid)
        ended = wait_until(lambda: job.acknowledged() >= messages)
        after = _resident_mib(worker.pid)
    check(job.out() == messages, f"{messages} messages went in, {job.out()} came out")
    return (messages - skipped) / (ended - began), after - before, after


def _one_by_one(job: LocalJob, messages: int) -> list[float]:
    """Answer how long (ms) each message took from its publication to its output at a listener."""
    from google.cloud import pubsub_v1

    sent: dict[bytes, float] = {}
    took: dict[bytes, float] = {}
    all_there = threading.Event()

    def receive(received: pubsub_v1.subscriber.message.Message) -> None:
        now = time.monotonic()
        received.ack()
        element = Message.decode(received.data).element
        if element in sent:
            took[element] = 1000 * (now - sent[element])
        if len(took) == messages:
            all_there.set()

    publisher = pubsub_v1.PublisherClient()
    with pubsub_v1.SubscriberClient() as subscriber, job.running():
        listening = subscriber.subscribe(OUT_SUBSCRIPTION, receive)
        job.publish([b"warm"])
        wait_until(lambda: job.acknowledged() == 1)
        for number in range(messages):
            element = b"%d" % number
            sent[element] = time.monotonic()
            publisher.publish(TOPIC, Message.of(element).encode()).result()
            time.sleep(max(0.0, sent[element] + 0.1 - time.monotonic()))
        check(all_there.wait(60), f"{messages} messages went in, {len(took)} came out")
        listening.cancel()
        listening.result()
    return list(took.values())


def _resident_mib(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
