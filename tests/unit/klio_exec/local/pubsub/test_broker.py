"""Whole scenes on a broker: no network, a real file, and time that passes only when the test says so."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.wire import pb

from .scenes import GRAVE, NAME, TOPIC, Play, ack_ids, data, message, publish, set_up, take


def test_every_subscription_of_a_topic_gets_every_message(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        first, second = await set_up(broker), await set_up(broker, GRAVE)
        ids = await publish(broker, "a", "b")
        for served in (first, second):
            got = await take(broker, served)
            assert data(got) == ["a", "b"]
            assert [message(one).message_id for one in got] == ids

    play(scene)


def test_a_subscription_gets_what_is_published_after_it_was_made(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        await broker.catalog.create_topic(pb.Topic(name=TOPIC))
        await publish(broker, "before")
        served = await set_up(broker)
        await publish(broker, "after")
        assert data(await take(broker, served)) == ["after"]

    play(scene)


def test_a_message_carries_its_attributes_key_id_and_time(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        [number] = await publish(broker, "a", key="k", colour="red")
        [one] = await take(broker, served)
        got = message(one)
        assert (got.message_id, got.ordering_key, dict(got.attributes)) == (number, "k", {"colour": "red"})
        assert got.publish_time.ToNanoseconds() == int(clock.wall()) * 10**9

    play(scene)


def test_ids_grow_and_are_never_used_twice_not_even_after_a_restart(play: Play) -> None:
    async def first(broker: Broker) -> list[str]:
        await set_up(broker)
        return await publish(broker, "a", "b")

    async def second(broker: Broker) -> list[str]:
        return await publish(broker, "c")

    ids = [int(number) for number in play(first) + play(second) + play(second)]
    assert ids == sorted(set(ids))


def test_a_lease_that_nobody_extends_leads_to_redelivery(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        await take(broker, served, lease_s=10)
        clock.turn(9.9)
        broker.delivery.tick()
        assert await take(broker, served) == []
        clock.turn(0.1)
        broker.delivery.tick()
        assert data(await take(broker, served)) == ["a"]
        assert served.stats()["expired"] == 1

    play(scene)


def test_a_lease_lives_as_long_as_it_is_extended_for_hours(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        [one] = await take(broker, served, lease_s=10)
        for _ in range(60):
            broker.delivery.modify(served, [one.ack_id], 600)
            clock.turn(599)
            broker.delivery.tick()
        assert await take(broker, served) == []
        await broker.delivery.acknowledge(served, [one.ack_id])
        assert (served.stats()["expired"], served.stats()["acked"], served.stats()["extended"]) == (0, 1, 60)

    play(scene)


def test_a_nack_brings_the_message_back_at_once(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        broker.delivery.modify(served, ack_ids(await take(broker, served)), 0)
        assert data(await take(broker, served)) == ["a"]

    play(scene)


def test_a_late_ack_is_ignored_and_the_other_delivery_counts(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        zombie = await take(broker, served)
        clock.turn(10)
        broker.delivery.tick()
        [other] = await take(broker, served)
        await broker.delivery.acknowledge(served, ack_ids(zombie))
        assert (served.stats()["outstanding"], served.stats()["late"]) == (1, 1)
        await broker.delivery.acknowledge(served, [other.ack_id])
        assert served.stats()["outstanding"] == 0

    play(scene)


@pytest.mark.parametrize("seconds", [-1, 601])
def test_a_lease_cannot_be_set_below_zero_or_over_ten_minutes(play: Play, seconds: int) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        with pytest.raises(Refused) as refused:
            broker.delivery.modify(served, [], seconds)
        assert refused.value.code is StatusCode.INVALID_ARGUMENT

    play(scene)


@pytest.mark.parametrize("made_up", ["", "x", "1-1-1", "1-1-1-x", "projects/p/subscriptions/s:1"])
def test_an_ack_id_that_was_made_up_is_refused_and_the_true_ones_beside_it_stay_unacked(
    play: Play, made_up: str
) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        [one] = await take(broker, served)
        with pytest.raises(Refused, match="invalid ack ID") as refused:
            await broker.delivery.acknowledge(served, [one.ack_id, made_up])
        assert refused.value.code is StatusCode.INVALID_ARGUMENT
        assert served.stats()["outstanding"] == 1

    play(scene)


def test_what_was_not_acknowledged_comes_again_after_a_restart_and_what_was_does_not(play: Play) -> None:
    async def before(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "acked", "leased", "waiting")
        acked, _leased = await take(broker, served, 2)
        await broker.delivery.acknowledge(served, [acked.ack_id])

    async def after(broker: Broker) -> list[str]:
        return data(await take(broker, broker.catalog.subscription(NAME)))

    play(before)
    assert play(after) == ["leased", "waiting"]


def test_an_ack_id_from_before_a_restart_is_late(play: Play) -> None:
    async def before(broker: Broker) -> list[str]:
        served = await set_up(broker)
        await publish(broker, "a")
        return ack_ids(await take(broker, served))

    old = play(before)

    async def after(broker: Broker) -> None:
        served = broker.catalog.subscription(NAME)
        await take(broker, served)
        await broker.delivery.acknowledge(served, old)
        assert (served.stats()["outstanding"], served.stats()["late"]) == (1, 1)

    play(after)


def test_settings_survive_a_restart(play: Play) -> None:
    async def before(broker: Broker) -> None:
        await set_up(broker, labels={"a": "1"}, filter="attributes:x", enable_message_ordering=True)
        await broker.catalog.update_subscription(
            pb.Subscription(name=NAME, ack_deadline_seconds=99), FieldMask(paths=["ack_deadline_seconds"])
        )
        await broker.catalog.update_topic(pb.Topic(name=TOPIC, labels={"b": "2"}), FieldMask(paths=["labels"]))

    async def after(broker: Broker) -> None:
        full = broker.catalog.subscription(NAME).settings
        assert (full.ack_deadline_seconds, dict(full.labels), full.filter) == (99, {"a": "1"}, "attributes:x")
        assert dict(broker.catalog.topic(TOPIC).labels) == {"b": "2"}
        await publish(broker, "passes", x="")
        await publish(broker, "does not")
        assert data(await take(broker, broker.catalog.subscription(NAME))) == ["passes"]

    play(before)
    play(after)


def test_a_deleted_subscription_stays_deleted_after_a_restart_and_its_number_is_free_of_its_messages(
    play: Play,
) -> None:
    async def before(broker: Broker) -> None:
        await set_up(broker)
        await publish(broker, "old")
        await broker.catalog.delete_subscription(NAME)

    async def after(broker: Broker) -> None:
        with pytest.raises(Refused):
            broker.catalog.subscription(NAME)
        assert await take(broker, await set_up(broker)) == []

    play(before)
    play(after)


def test_a_deleted_topic_leaves_its_subscriptions_with_what_they_had(play: Play) -> None:
    async def before(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        await broker.catalog.delete_topic(TOPIC)
        assert served.settings.topic == "_deleted-topic_"

    async def after(broker: Broker) -> None:
        served = broker.catalog.subscription(NAME)
        assert served.settings.topic == "_deleted-topic_"
        assert data(await take(broker, served)) == ["a"]
        await broker.catalog.create_topic(pb.Topic(name=TOPIC))
        await publish(broker, "for nobody")
        assert await take(broker, served) == []

    play(before)
    play(after)


def test_a_detached_subscription_is_empty_gets_nothing_and_says_so(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        await broker.catalog.detach(NAME)
        await publish(broker, "b")
        assert served.stats()["pending"] == 0
        with pytest.raises(Refused) as refused:
            await take(broker, served)
        assert refused.value.code is StatusCode.FAILED_PRECONDITION
        assert broker.catalog.attached(TOPIC) == []

    play(scene)
