"""kill -9 of our server: what it has answered, it has kept."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.cloud.pubsub_v1.subscriber.message import Message
from google.cloud.pubsub_v1.types import FlowControl

from .cloud import Cloud, data, wait_until
from .servers import Ours


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    server = Ours(tmp_path_factory.mktemp("mortal") / "pubsub.db")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mortal(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    cloud = Cloud(ours.endpoint, monkeypatch)
    yield cloud
    cloud.close()


def restart(server: Ours) -> None:
    server.kill()
    server.start()


@pytest.mark.slow
def test_nothing_that_was_answered_is_lost_while_the_server_is_killed_under_load(ours: Ours, mortal: Cloud) -> None:
    topic, subscription = mortal.pair()
    answered: list[str] = []
    stop = threading.Event()

    def publish() -> None:
        for n in itertools.count():
            if stop.is_set():
                return
            with suppress(GoogleAPICallError, RetryError):  # no answer: nothing was promised
                answered.extend(mortal.publish(topic, f"{n}"))

    publishing = [threading.Thread(target=publish) for _ in range(3)]
    for thread in publishing:
        thread.start()
    wait_until(lambda: len(answered) >= 100, within=20)
    restart(ours)
    before = len(answered)
    wait_until(lambda: len(answered) >= before + 100, within=20)
    stop.set()
    for thread in publishing:
        thread.join()

    received: set[str] = set()
    while not set(answered) <= received:
        got = mortal.pull_once(subscription, 1_000, timeout=3).received_messages
        assert got, f"{len(set(answered) - received)} of {len(answered)} answered messages are lost"
        received.update(each.message.message_id for each in got)
    assert len(answered) == len(set(answered))


def test_after_a_kill_acknowledged_messages_stay_away_and_leased_ones_come_again(ours: Ours, mortal: Cloud) -> None:
    topic, subscription = mortal.pair()
    mortal.publish(topic, "acknowledged", "leased", "waiting")
    got = mortal.pull(subscription, 2)
    assert data(got) == ["acknowledged", "leased"]
    mortal.acknowledge(subscription, got[:1])
    restart(ours)
    wait_until(lambda: mortal.subscriber.get_subscription(subscription=subscription) is not None)
    assert data(mortal.look(subscription)) == ["leased", "waiting"]  # from disk, and without waiting
    assert mortal.look(subscription) == []


@pytest.mark.slow  # Google's subscriber waits some ten seconds before it opens a stream for the fourth time
def test_googles_subscriber_rides_over_a_kill_and_sees_every_message(ours: Ours, mortal: Cloud) -> None:
    topic, subscription = mortal.pair()
    ids = mortal.publish(topic, *map(str, range(300)))
    seen: list[str] = []

    def callback(message: Message) -> None:
        seen.append(message.message_id)
        message.ack()

    flow = FlowControl(max_messages=10)  # so that the kill finds most messages at the server
    pulling = mortal.subscriber.subscribe(subscription, callback, flow_control=flow)
    wait_until(lambda: len(seen) > 30)
    restart(ours)
    assert len(set(seen)) < 300
    wait_until(lambda: set(seen) == set(ids), within=60)
    pulling.cancel()
    pulling.result(timeout=10)
