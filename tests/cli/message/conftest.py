from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud import pubsub_v1
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from klio_core.config import KlioConfig, load
from klio_core.names import status_topic
from klio_core.status import State, Status


@dataclass(frozen=True)
class Cloud:
    """Google's own clients on the local Pub/Sub: the other end of what the command does."""

    publisher: Any
    subscriber: Any

    def pulled(self, subscription: str, count: int) -> list[bytes]:
        """What waits in a subscription."""
        bodies: list[bytes] = []
        while len(bodies) < count:
            got = self.subscriber.pull(subscription=subscription, max_messages=100, timeout=5).received_messages
            bodies += [one.message.data for one in got]
            self.subscriber.acknowledge(subscription=subscription, ack_ids=[one.ack_id for one in got])
        return bodies

    def subscriptions_of(self, topic: str) -> list[str]:
        return sorted(self.publisher.list_topic_subscriptions(topic=topic))

    def report(self, project: str, *records: Status) -> None:
        """Publish status records as a job does."""
        for record in records:
            self.publisher.publish(status_topic(project), record.encode()).result(timeout=5)


@pytest.fixture(scope="session")
def cloud(pubsub_host: str) -> Iterator[Cloud]:
    publisher = pubsub_v1.PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(pubsub_host)))
    subscriber = pubsub_v1.SubscriberClient(
        transport=SubscriberGrpcTransport(channel=grpc.insecure_channel(pubsub_host))
    )
    yield Cloud(publisher, subscriber)
    publisher.stop()
    publisher.transport.close()
    subscriber.close()


@pytest.fixture
def config(job: Path) -> KlioConfig:
    return load(job / "klio-job.yaml")


def status(config: KlioConfig, element: bytes, state: State, **more: Any) -> Status:
    return Status(element, config.job_name, state, at=more.pop("at", 1.0), **more)


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
