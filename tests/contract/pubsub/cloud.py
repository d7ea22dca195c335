"""Google's own clients, pointed at one server, with names that no other test uses."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import pubsub_v1
from google.pubsub_v1 import PublisherClient as BarePublisher
from google.pubsub_v1.types import PubsubMessage, PullResponse, ReceivedMessage
from grpc import StatusCode

T = TypeVar("T")
PROJECT = "projects/klio-contract"


class Cloud:
    """One server as its clients see it. Calls go out without the client's retries, so that errors are seen at once."""

    def __init__(self, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", endpoint)  # as a user does it
        self.endpoint = endpoint
        self.publisher = pubsub_v1.PublisherClient()
        self.subscriber = pubsub_v1.SubscriberClient()
        self._names = itertools.count()
        self._prefix = f"t{uuid.uuid4().hex[:8]}"

    def close(self) -> None:
        self.publisher.stop()
        self.publisher.transport.close()
        self.subscriber.close()

    def name(self, kind: str) -> str:
        """A name that nobody has: `kind` is topics or subscriptions."""
        return f"{PROJECT}/{kind}/{self._prefix}-{next(self._names)}"

    def topic(self, **settings: Any) -> str:
        """A new topic's name."""
        return str(self.publisher.create_topic(request={"name": self.name("topics"), **settings}).name)

    def subscription(self, topic: str, **settings: Any) -> str:
        """A new subscription's name."""
        request = {"name": self.name("subscriptions"), "topic": topic, **settings}
        return str(self.subscriber.create_subscription(request=request, retry=None).name)

    def pair(self, **settings: Any) -> tuple[str, str]:
        """A new topic and a subscription to it."""
        topic = self.topic()
        return topic, self.subscription(topic, **settings)

    def publish(self, topic: str, *messages: str | PubsubMessage, key: str = "") -> list[str]:
        """One publish request; the ids."""
        sent = [
            PubsubMessage(data=each.encode(), ordering_key=key) if isinstance(each, str) else each for each in messages
        ]
        answer = BarePublisher.publish(self.publisher, topic=topic, messages=sent, retry=None, timeout=10)
        return list(answer.message_ids)

    def pull(self, subscription: str, wanted: int = 1, within: float = 8.0) -> list[ReceivedMessage]:
        """`wanted` messages, or as many as come in the time."""
        got: list[ReceivedMessage] = []
        deadline = time.monotonic() + within
        while len(got) < wanted and (left := deadline - time.monotonic()) > 0:
            got += self.pull_once(subscription, wanted - len(got), timeout=max(left, 0.3)).received_messages
        return got

    def pull_once(self, subscription: str, limit: int = 10, timeout: float = 5.0) -> PullResponse:
        """One pull, which the server holds until there is something or the client is about to give up."""
        return self.subscriber.pull(subscription=subscription, max_messages=limit, retry=None, timeout=timeout)

    def look(self, subscription: str, limit: int = 10) -> list[ReceivedMessage]:
        """What can be had at this moment."""
        with pytest.warns(DeprecationWarning, match="return_immediately"):
            answer = self.subscriber.pull(
                subscription=subscription, max_messages=limit, return_immediately=True, retry=None, timeout=5
            )
        return list(answer.received_messages)

    def acknowledge(self, subscription: str, got: Sequence[ReceivedMessage]) -> None:
        ids = [each.ack_id for each in got]
        self.subscriber.acknowledge(subscription=subscription, ack_ids=ids, retry=None)

    def lease(self, subscription: str, got: Sequence[ReceivedMessage], seconds: int) -> None:
        ids = [each.ack_id for each in got]
        self.subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=ids, ack_deadline_seconds=seconds, retry=None
        )


def data(got: Sequence[ReceivedMessage]) -> list[str]:
    """What the messages say."""
    return [each.message.data.decode() for each in got]


def refused(call: Callable[[], object]) -> StatusCode | None:
    """The status with which the server refuses a call; None if it serves it."""
    try:
        call()
    except GoogleAPICallError as error:
        return error.grpc_status_code
    return None


def wait_until(holds: Callable[[], bool], within: float = 10.0) -> None:
    """Return as soon as the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "the condition did not come to hold in time"
        time.sleep(0.01)
