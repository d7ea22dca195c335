from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud.pubsub_v1.subscriber.message import Message
from google.cloud.pubsub_v1.types import FlowControl
from google.pubsub_v1.types import StreamingPullRequest
from grpc import StatusCode

from .cloud import Cloud, data, wait_until


class Stream:
    """One bare streaming pull: requests are put in, batches of messages come out."""

    def __init__(self, cloud: Cloud, first: StreamingPullRequest) -> None:
        self._requests: queue.Queue[StreamingPullRequest | None] = queue.Queue()
        self.send(first)
        self.batches: queue.Queue[list[Any]] = queue.Queue()
        self.error: GoogleAPICallError | None = None
        self._call = cloud.subscriber.streaming_pull(requests=iter(self._requests.get, None))
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def send(self, request: StreamingPullRequest) -> None:
        self._requests.put(request)

    def receive(self, wanted: int, within: float = 8.0) -> list[Any]:
        got: list[Any] = []
        while len(got) < wanted:
            got += self.batches.get(timeout=within)
        return got

    def rest(self, within: float) -> list[Any]:
        """What still comes until nothing has come for so long."""
        got: list[Any] = []
        with suppress(queue.Empty):
            while True:
                got += self.batches.get(timeout=within)
        return got

    def ended_with(self) -> StatusCode | None:
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.error.grpc_status_code if self.error else None

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()
        self._thread.join(10)

    def _read(self) -> None:
        try:
            for response in self._call:
                self.batches.put(list(response.received_messages))
        except GoogleAPICallError as error:
            self.error = error


@contextmanager
def stream(cloud: Cloud, **first: Any) -> Iterator[Stream]:
    one = Stream(cloud, StreamingPullRequest(first))
    try:
        yield one
    finally:
        one.close()


@contextmanager
def subscribed(cloud: Cloud, subscription: str, callback: Any, **flow: Any) -> Iterator[Any]:
    """Google's own subscriber with its leases, threads and flow control."""
    pulling = cloud.subscriber.subscribe(subscription, callback, flow_control=FlowControl(**flow))
    try:
        yield pulling
    finally:
        pulling.cancel()
        with suppress(NotFound):  # its subscription may have been deleted by the test
            pulling.result(timeout=10)


def test_googles_subscriber_receives_and_acknowledges_everything(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    seen: list[str] = []

    def callback(message: Message) -> None:
        seen.append(message.data.decode())
        message.ack()

    with subscribed(cloud, subscription, callback):
        cloud.publish(topic, *map(str, range(200)))
        wait_until(lambda: len(seen) >= 200)
        cloud.publish(topic, "and later")
        wait_until(lambda: "and later" in seen)
    assert sorted(seen) == sorted([*map(str, range(200)), "and later"])


def test_a_message_that_the_subscriber_nacks_comes_again(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    seen: list[str] = []

    def callback(message: Message) -> None:
        seen.append(message.message_id)
        if len(seen) < 3:
            message.nack()
        else:
            message.ack()

    with subscribed(cloud, subscription, callback):
        [number] = cloud.publish(topic, "a")
        wait_until(lambda: len(seen) >= 3)
    assert seen == [number] * 3


def test_the_subscriber_never_holds_more_than_its_flow_control_allows(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    held: list[Message] = []
    done: list[str] = []
    with subscribed(cloud, subscription, held.append, max_messages=2):
        cloud.publish(topic, *"abcdef")
        while len(done) < 6:
            wait_until(lambda: len(held) == min(2, 6 - len(done)))
            message = held.pop()
            done.append(message.data.decode())
            message.ack()
    assert sorted(done) == list("abcdef")


@pytest.mark.stricter("the emulator ignores flow control")
def test_the_stream_sends_no_more_messages_than_are_allowed_until_some_are_acknowledged(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, *"abcde")
    with stream(cloud, subscription=subscription, stream_ack_deadline_seconds=10, max_outstanding_messages=2) as one:
        first = one.receive(2)
        assert one.rest(within=0.3) == []
        one.send(StreamingPullRequest(ack_ids=[first[0].ack_id]))
        [third] = one.receive(1)
        assert one.rest(within=0.3) == []
        cloud.acknowledge(subscription, [first[1], third])  # acknowledged beside the stream: the room counts as well
        assert len(one.receive(2)) == 2


@pytest.mark.stricter("the emulator ignores flow control")
def test_the_stream_sends_no_more_bytes_than_are_allowed(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, *["x" * 1_000] * 5)
    with stream(cloud, subscription=subscription, stream_ack_deadline_seconds=10, max_outstanding_bytes=2_500) as one:
        got = one.receive(2)
        assert len(got) <= 3  # the one that passes the limit may be the last
        got += one.rest(within=0.3)
        assert len(got) <= 3
        one.send(StreamingPullRequest(ack_ids=[each.ack_id for each in got]))
        one.receive(5 - len(got))


def test_acks_on_the_stream_count(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a", "b")
    with stream(cloud, subscription=subscription, stream_ack_deadline_seconds=10) as one:
        got = one.receive(2)
        one.send(StreamingPullRequest(ack_ids=[each.ack_id for each in got]))
        one.send(StreamingPullRequest(modify_deadline_ack_ids=[got[0].ack_id], modify_deadline_seconds=[0]))
        assert one.rest(within=0.5) == []


def test_leases_are_changed_on_the_stream(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "kept", "given back")
    with stream(cloud, subscription=subscription, stream_ack_deadline_seconds=10) as one:
        by_data = {each.message.data: each for each in one.receive(2)}
        one.send(
            StreamingPullRequest(
                modify_deadline_ack_ids=[by_data[b"given back"].ack_id, by_data[b"kept"].ack_id],
                modify_deadline_seconds=[0, 60],
            )
        )
        assert data(one.receive(1)) == ["given back"]


@pytest.mark.stricter("the emulator goes on sending to a stream that is gone, for many seconds")
def test_messages_of_a_stream_that_is_gone_come_again_when_their_lease_ends(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a")
    with stream(cloud, subscription=subscription, stream_ack_deadline_seconds=10) as one:
        cloud.lease(subscription, one.receive(1), 1)
    assert data(cloud.pull(subscription)) == ["a"]


@pytest.mark.stricter("the emulator ignores flow control and sends everything to one stream")
def test_two_streams_share_a_subscription_and_no_message_comes_twice(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    settings = {"subscription": subscription, "stream_ack_deadline_seconds": 10, "max_outstanding_messages": 3}
    with stream(cloud, **settings) as first, stream(cloud, **settings) as second:
        cloud.publish(topic, *"abcdef")
        assert sorted(data(first.receive(3)) + data(second.receive(3))) == list("abcdef")


@pytest.mark.parametrize(
    "first",
    [
        {"stream_ack_deadline_seconds": 10},
        {"subscription": "*"},
        {"subscription": "*", "stream_ack_deadline_seconds": 9},
        {"subscription": "*", "stream_ack_deadline_seconds": 601},
        {"subscription": "*", "stream_ack_deadline_seconds": 10, "modify_deadline_ack_ids": ["x"]},
    ],
)
def test_a_stream_that_begins_wrong_is_an_invalid_argument(cloud: Cloud, first: dict[str, Any]) -> None:
    _, subscription = cloud.pair()
    asked = {key: subscription if value == "*" else value for key, value in first.items()}
    with stream(cloud, **asked) as one:
        assert one.ended_with() is StatusCode.INVALID_ARGUMENT


def test_a_stream_names_its_subscription_once(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    with stream(cloud, subscription=subscription, stream_ack_deadline_seconds=10) as one:
        one.send(StreamingPullRequest(subscription=subscription))
        assert one.ended_with() is StatusCode.INVALID_ARGUMENT


@pytest.mark.stricter("the emulator ends the stream without an error")
def test_a_stream_of_a_subscription_that_does_not_exist_is_not_found(cloud: Cloud) -> None:
    with stream(cloud, subscription=cloud.name("subscriptions"), stream_ack_deadline_seconds=10) as one:
        assert one.ended_with() is StatusCode.NOT_FOUND


@pytest.mark.stricter("the emulator ends the stream without an error")
def test_a_subscriber_is_told_when_its_subscription_is_deleted(cloud: Cloud) -> None:
    _, subscription = cloud.pair()
    with subscribed(cloud, subscription, lambda _: None) as pulling:
        wait_until(lambda: not pulling.done())
        cloud.subscriber.delete_subscription(subscription=subscription)
        with pytest.raises(NotFound):
            pulling.result(timeout=10)
