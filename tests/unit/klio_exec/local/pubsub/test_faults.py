"""What Google's clients meet when the local Pub/Sub commits faults."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError, PermissionDenied, ResourceExhausted, ServiceUnavailable
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport
from grpc import insecure_channel

from klio_core.faults import Fault, Faults
from klio_exec.local.pubsub import local_pubsub, stats
from tests.flow.kit import eventually

TOPIC = "projects/my-project/topics/tracks"
NAME = "projects/my-project/subscriptions/mixer"


@dataclass
class Cloud:
    """Google's clients without their retries; what is asked for by `asked` goes through, or raises."""

    endpoint: str
    faults: Faults
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        channel = self.stack.enter_context(insecure_channel(self.endpoint))
        self.publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self.subscriber = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))

    def publish(self, *data: str) -> None:
        messages = [{"data": each.encode()} for each in data]
        self.publisher.publish(topic=TOPIC, messages=messages, retry=None, timeout=30)

    def pull(self, limit: int = 100) -> list[Any]:
        request = {"subscription": NAME, "max_messages": limit, "return_immediately": True}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # what is there now is all that a test wants to know
            got = self.subscriber.pull(request=request, retry=None, timeout=30)
        return list(got.received_messages)

    def ack(self, *received: Any) -> None:
        ids = [one.ack_id for one in received]
        self.subscriber.acknowledge(subscription=NAME, ack_ids=ids, retry=None, timeout=30)

    @property
    def counts(self) -> dict[str, int]:
        return stats(self.endpoint)[NAME]


@pytest.fixture
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A topic and a subscription, on a server that commits the faults of the test's `rules` mark."""
    faults = Faults(map(Fault.parse, request.param))
    with local_pubsub(faults=faults) as endpoint:
        cloud = Cloud(endpoint, faults)
        with cloud.stack:
            cloud.publisher.create_topic(name=TOPIC, retry=None, timeout=30)
            cloud.subscriber.create_subscription(
                request={"name": NAME, "topic": TOPIC, "ack_deadline_seconds": 10}, retry=None, timeout=30
            )
            yield cloud


def under(*rules: str) -> Any:
    return pytest.mark.parametrize("cloud", [rules], indirect=True, ids=["-".join(rules)])


def data(received: list[Any]) -> list[str]:
    return [one.message.data.decode() for one in received]


@pytest.mark.parametrize(
    ("cloud", "error"),
    [
        (["unavailable@pubsub.publish,nth=1"], ServiceUnavailable),
        (["busy@pubsub.publish,nth=1"], ResourceExhausted),
        (["denied@pubsub.publish,nth=1"], PermissionDenied),
    ],
    indirect=["cloud"],
    ids=["unavailable", "busy", "denied"],
)
def test_a_refused_call_changes_nothing(cloud: Cloud, error: type[GoogleAPICallError]) -> None:
    with pytest.raises(error, match="on purpose"):
        cloud.publish("a")

    cloud.publish("b")
    assert data(cloud.pull()) == ["b"]


@under("lost-reply@pubsub.publish,nth=1")
def test_a_publisher_whose_reply_was_lost_and_who_tries_again_publishes_twice(cloud: Cloud) -> None:
    with pytest.raises(ServiceUnavailable):
        cloud.publish("a")

    cloud.publish("a")
    assert data(cloud.pull()) == ["a", "a"]


@under("lost-reply@pubsub.pull,nth=1")
def test_messages_of_a_pull_whose_reply_was_lost_stay_leased(cloud: Cloud) -> None:
    cloud.publish("a")
    with pytest.raises(ServiceUnavailable):
        cloud.pull()

    assert (cloud.counts["outstanding"], cloud.pull()) == (1, [])


@under("drop@pubsub.delivery,nth=2")
def test_a_dropped_delivery_never_arrives_and_stays_leased(cloud: Cloud) -> None:
    cloud.publish("a", "b", "c")

    assert data(cloud.pull()) == ["a", "c"]
    assert cloud.counts["outstanding"] == 3


@under("duplicate@pubsub.delivery,nth=1")
def test_a_duplicate_comes_now_and_again_with_the_next_answer(cloud: Cloud) -> None:
    cloud.publish("a", "b")

    first = cloud.pull()
    cloud.ack(*first)

    assert data(first) == ["a", "b"]
    assert data(cloud.pull()) == ["a"]
    assert cloud.pull() == []


@under("reorder@pubsub.delivery,nth=1")
def test_a_message_out_of_order_comes_after_those_behind_it(cloud: Cloud) -> None:
    cloud.publish("a", "b", "c")

    assert [data(cloud.pull(2)), data(cloud.pull(2))] == [["b"], ["c", "a"]]


@under("delay@pubsub.delivery,nth=1,0.5s")
def test_a_delayed_message_comes_when_its_time_is_over(cloud: Cloud) -> None:
    cloud.publish("a", "b")

    assert data(cloud.pull()) == ["b"]
    assert eventually(lambda: data(cloud.pull())) == ["a"]


@under("duplicate@pubsub.delivery")
def test_no_answer_holds_more_than_was_asked_for(cloud: Cloud) -> None:
    cloud.publish("a", "b")

    assert [len(cloud.pull(1)) for _ in range(5)] == [1, 1, 1, 1, 0]


@under("drop@pubsub.ack,nth=1")
def test_a_dropped_acknowledgement_is_answered_and_changes_nothing(cloud: Cloud) -> None:
    cloud.publish("a", "b")
    first, second = cloud.pull()

    cloud.ack(first)
    cloud.ack(second)

    assert (cloud.counts["acked"], cloud.counts["outstanding"]) == (1, 1)


@under("cut@pubsub.pull,nth=1", "drop@pubsub.delivery,nth=2", "duplicate@pubsub.delivery,nth=3")
def test_a_stream_suffers_as_pulls_do(cloud: Cloud) -> None:
    done = threading.Event()

    def asking() -> Iterator[dict[str, Any]]:
        yield {"subscription": NAME, "stream_ack_deadline_seconds": 10}
        done.wait(30)

    cloud.publish("a", "b")
    answers = cloud.subscriber.streaming_pull(requests=asking(), retry=None, timeout=30)

    assert data(next(answers).received_messages) == ["a"]
    with pytest.raises(ServiceUnavailable, match="on purpose"):
        next(answers)
    done.set()


@under("slow@pubsub.*,0.01s")
def test_a_slow_service_is_right_and_its_counters_are_no_part_of_it(cloud: Cloud) -> None:
    cloud.publish("a")
    cloud.ack(*cloud.pull())

    assert cloud.counts["acked"] == 1
    assert {operation for operation, _ in cloud.faults.committed} == {
        f"pubsub.{what}" for what in ("admin", "publish", "pull", "acknowledge")
    }


@under("denied@pubsub.publish", "unavailable@pubsub.pull")
def test_whoever_asks_for_permissions_hears_of_what_is_denied(cloud: Cloud) -> None:
    def allowed(resource: str, *permissions: str) -> list[str]:
        request = {"resource": resource, "permissions": permissions}
        return list(cloud.publisher.test_iam_permissions(request=request, retry=None, timeout=30).permissions)

    assert allowed(TOPIC, "pubsub.topics.publish", "pubsub.topics.get") == ["pubsub.topics.get"]
    assert allowed(NAME, "pubsub.subscriptions.consume") == ["pubsub.subscriptions.consume"]
    assert allowed("projects/my-project/topics/nowhere", "pubsub.topics.get") == []
