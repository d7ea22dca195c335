from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import pubsub

from klio_core.errors import EventError
from klio_exec.local.pubsub import local_pubsub, stats
from klio_exec.runners.feed import Arrived, Feed
from klio_exec.runners.pace import Pace

PATIENCE_S = 30.0
TOPIC = "projects/klio-local/topics/feed-{}"
SUBSCRIPTION = "projects/klio-local/subscriptions/feed-{}"


def eventually(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (value := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


class Service:
    """A real Pub/Sub, with one topic and one subscription for each name."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.publisher = pubsub.PublisherClient()
        self.subscriber = pubsub.SubscriberClient()

    def make(self, *names: str) -> list[str]:
        for name in names:
            self.publisher.create_topic(name=TOPIC.format(name))
            request = {"name": SUBSCRIPTION.format(name), "topic": TOPIC.format(name), "ack_deadline_seconds": 10}
            self.subscriber.create_subscription(request=request)
        return [SUBSCRIPTION.format(name) for name in names]

    def publish(self, name: str, *events: str) -> None:
        for sent in [self.publisher.publish(TOPIC.format(name), event.encode()) for event in events]:
            sent.result(PATIENCE_S)

    def stats(self, name: str) -> dict[str, int]:
        return stats(self.endpoint)[SUBSCRIPTION.format(name)]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with local_pubsub() as endpoint:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", endpoint)
        service = Service(endpoint)
        yield service
        service.publisher.stop()
        service.publisher.transport.close()
        service.subscriber.close()


@pytest.fixture
def feeding(service: Service) -> Iterator[Callable[..., Feed]]:
    with ExitStack() as stack:

        def start(*names: str, pace: Pace | None = None, lease_s: int = 60, limit: int | None = None) -> Feed:
            feed = Feed(service.make(*names), pace or Pace(100), lease_s=lease_s, limit=limit)
            stack.callback(feed.close)
            feed.start()
            for name in names:
                stack.callback(wake, feed, name)
            return feed

        def wake(feed: Feed, name: str) -> None:
            feed.stop()
            with suppress(NotFound):
                service.publish(name, "so that nobody waits for the end of a pull")

        yield start


def quick() -> Pace:
    """A pace that has learned that the work is quick: batches of 64."""
    pace = Pace(100)
    for messages in (1, 4, 16):
        pace.learn(messages, messages / 1000)
    return pace


def next_batch(feed: Feed) -> list[Arrived]:
    batch: list[Arrived] = eventually(lambda: feed.batch(0.2))
    return batch


def data(batch: list[Arrived]) -> set[str]:
    return {arrived.leased.data.decode() for arrived in batch}


def test_nothing_there_is_an_empty_batch(feeding):
    assert feeding("a").batch(0.05) == []


def test_a_message_comes_with_its_subscription_and_is_gone_when_done(service, feeding):
    feed = feeding("a")
    service.publish("a", "one")

    batch = next_batch(feed)
    assert [(one.source, one.leased.data, one.leased.attempt) for one in batch] == [
        (SUBSCRIPTION.format("a"), b"one", 1)
    ]
    feed.done(batch)

    assert (service.stats("a")["acked"], service.stats("a")["pending"]) == (1, 0)


def test_the_pace_says_how_many_are_held_and_how_many_make_a_batch(service, feeding):
    feed = feeding("a")
    service.publish("a", *(str(number) for number in range(10)))

    batch = next_batch(feed)

    assert len(batch) == 1
    assert service.stats("a")["outstanding"] == 1


def test_quick_work_comes_in_batches(service, feeding):
    feed = feeding("a", pace=quick())
    numbers = {str(number) for number in range(50)}
    service.publish("a", *numbers)
    eventually(lambda: service.stats("a")["outstanding"] == 50)

    got: set[str] = set()
    while got != numbers:
        batch = next_batch(feed)
        got |= data(batch)
        feed.done(batch)
    eventually(lambda: service.stats("a")["acked"] == 50)


def test_what_is_given_back_comes_again(service, feeding):
    feed = feeding("a")
    service.publish("a", "one")

    feed.give_back(next_batch(feed))

    assert data(next_batch(feed)) == {"one"}
    assert service.stats("a")["nacked"] == 1


def test_what_is_given_back_for_later_comes_later(service, feeding):
    feed = feeding("a")
    service.publish("a", "one")

    feed.give_back(next_batch(feed), after_s=1)
    given_back = time.monotonic()

    assert data(next_batch(feed)) == {"one"}
    assert time.monotonic() - given_back > 0.8


def test_leases_are_kept_while_the_work_takes(service, feeding):
    feed = feeding("a", lease_s=1)
    service.publish("a", "one")
    batch = next_batch(feed)

    eventually(lambda: service.stats("a")["extended"] >= 5)
    feed.done(batch)

    assert (service.stats("a")["expired"], service.stats("a")["acked"]) == (0, 1)


def test_several_subscriptions_share_the_room_and_a_silent_one_holds_up_none(service, feeding):
    feed = feeding("a", "silent")
    service.publish("a", "1", "2", "3")

    start = time.monotonic()
    for _ in range(3):
        feed.done(next_batch(feed))

    assert time.monotonic() - start < PATIENCE_S / 2
    assert service.stats("a")["acked"] == 3


def test_stop_gives_back_what_waits_and_keeps_what_is_worked_on(service, feeding):
    feed = feeding("a", pace=quick())
    service.publish("a", "first")
    (first,) = next_batch(feed)
    service.publish("a", "x", "y")
    eventually(lambda: service.stats("a")["outstanding"] == 3)

    eventually(lambda: not feed.stop() and service.stats("a")["outstanding"] == 1)
    feed.done([first])

    assert (service.stats("a")["acked"], service.stats("a")["pending"]) == (1, 2)
    assert feed.stopping


def test_close_gives_back_everything(service, feeding):
    feed = feeding("a", pace=quick())
    service.publish("a", "x", "y")
    next_batch(feed)

    feed.close()

    assert (service.stats("a")["outstanding"], service.stats("a")["pending"]) == (0, 2)


def test_a_subscription_that_is_gone_is_an_error(service, feeding):
    feed = feeding("a")
    service.subscriber.delete_subscription(subscription=SUBSCRIPTION.format("a"))

    with pytest.raises(EventError) as caught:
        eventually(lambda: feed.batch(0.2))
    assert caught.value.where == SUBSCRIPTION.format("a")


def test_stopping_while_batches_are_taken_never_hangs(service, feeding):
    feed = feeding("a", pace=quick())
    service.publish("a", *(str(number) for number in range(200)))
    stopper = threading.Timer(0.05, feed.stop)
    stopper.start()

    while not feed.stopping:
        feed.done(feed.batch(0.05))
    stopper.join()

    assert feed.batch(0.05) == []


def test_an_acknowledgement_that_comes_too_late_lets_the_message_come_again(service, feeding):
    feed = feeding("a")
    service.publish("a", "one")
    batch = next_batch(feed)
    service.subscriber.modify_ack_deadline(
        subscription=SUBSCRIPTION.format("a"), ack_ids=[batch[0].leased.ack_id], ack_deadline_seconds=0
    )

    feed.done(batch)

    assert data(next_batch(feed)) == {"one"}


def test_a_service_that_goes_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog):
    with local_pubsub(tmp_path / "db") as endpoint:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", endpoint)
        service = Service(endpoint)
        (path,) = service.make("a")
        feed = Feed([path], Pace(100), lease_s=60)
        feed.start()
    eventually(lambda: "Pub/Sub does not answer; waiting for it" in caplog.text)
    try:
        with local_pubsub(tmp_path / "db", int(endpoint.rpartition(":")[2])):
            service.publish("a", "one")
            assert data(next_batch(feed)) == {"one"}
            assert "Pub/Sub is back" in caplog.text
            feed.close()
    finally:
        service.publisher.stop()
        service.publisher.transport.close()
        service.subscriber.close()


@pytest.mark.slow
def test_a_lease_that_could_not_be_renewed_is_no_longer_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog):
    renewals: list[str] = []
    with local_pubsub(tmp_path / "db") as endpoint:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", endpoint)
        service = Service(endpoint)
        (path,) = service.make("a")
        feed = Feed([path], Pace(100), lease_s=1, renewed=lambda: renewals.append("renewed"))
        feed.start()
        service.publish("a", "one")
        (one,) = next_batch(feed)
        eventually(lambda: len(renewals) >= 2)
        assert feed.ours(one)
    try:
        eventually(lambda: not feed.ours(one))
        eventually(lambda: feed.held == 0)
        assert "the leases of 1 messages have ended meanwhile; they go to others" in caplog.text
    finally:
        feed.close()
        service.publisher.stop()
        service.publisher.transport.close()
        service.subscriber.close()


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_with_a_limit_the_rest_is_left_alone_and_the_feed_says_when_all_is_done(service, feeding, names):
    feed = feeding(*names, pace=quick(), limit=3)
    for name in names:
        service.publish(name, *(str(number) for number in range(10)))

    taken = 0
    while taken < 3:
        assert not feed.exhausted
        taken += len(batch := next_batch(feed))
        feed.done(batch)

    eventually(lambda: feed.exhausted)
    assert taken == 3
    left = [service.stats(name) for name in names]
    assert sum(one["pending"] for one in left) == 10 * len(names) - 3
    assert [one["outstanding"] for one in left] == [0] * len(names)


def test_what_is_given_back_counts_towards_the_limit(service, feeding):
    feed = feeding("a", limit=1)
    service.publish("a", "one", "two")

    feed.give_back(next_batch(feed))

    eventually(lambda: feed.exhausted)
    assert service.stats("a")["pending"] == 2
