"""Scenes of messages that fail too often."""

from __future__ import annotations

from typing import Any

import pytest
from grpc import StatusCode

from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.subscription import Served

from .scenes import DEAD, GRAVE, NAME, Play, data, fail, message, publish, set_up, take

DEAD_LETTERS = {"dead_letter_policy": {"dead_letter_topic": DEAD, "max_delivery_attempts": 5}}


async def with_grave(broker: Broker, **fields: Any) -> tuple[Served, Served]:
    grave = await set_up(broker, GRAVE, DEAD)
    return await set_up(broker, **DEAD_LETTERS, **fields), grave


def test_a_message_that_fails_too_often_goes_to_the_dead_letter_topic(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served, grave = await with_grave(broker)
        [number] = await publish(broker, "poison", colour="red")
        assert await fail(broker, served, 6) == [1, 2, 3, 4, 5]
        [dead] = await take(broker, grave)
        copy = message(dead)
        assert copy.data == b"poison"
        assert copy.message_id != number
        assert dict(copy.attributes) == {
            "colour": "red",
            "CloudPubSubDeadLetterSourceSubscription": "mixer",
            "CloudPubSubDeadLetterSourceSubscriptionProject": "my-project",
            "CloudPubSubDeadLetterSourceDeliveryCount": "5",
            "CloudPubSubDeadLetterSourceTopicPublishTime": "2023-11-14T22:13:20.000+00:00",
        }
        assert (served.stats()["dead_lettered"], served.stats()["pending"]) == (1, 0)

    play(scene)


def test_leases_that_end_count_towards_a_dead_letter_as_well(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served, grave = await with_grave(broker)
        await publish(broker, "poison")
        for _ in range(5):
            await take(broker, served, lease_s=10)
            clock.turn(10)
            broker.delivery.tick()
        await broker.delivery.settle()
        assert data(await take(broker, grave)) == ["poison"]

    play(scene)


def test_attempts_are_remembered_over_a_restart(play: Play) -> None:
    async def before(broker: Broker) -> None:
        served, _ = await with_grave(broker)
        await publish(broker, "poison")
        assert await fail(broker, served, 3) == [1, 2, 3]

    async def after(broker: Broker) -> None:
        assert await fail(broker, broker.catalog.subscription(NAME), 2) == [4, 5]
        assert data(await take(broker, broker.catalog.subscription(GRAVE))) == ["poison"]

    play(before)
    play(after)


def test_a_delivery_under_way_at_a_crash_is_not_counted(play: Play) -> None:
    async def before(broker: Broker) -> None:
        served, _ = await with_grave(broker)
        await publish(broker, "a")
        await take(broker, served)

    async def after(broker: Broker) -> list[int]:
        return [one.attempt for one in await take(broker, broker.catalog.subscription(NAME))]

    play(before)
    assert play(after) == [1]


def test_a_dead_letter_without_a_topic_to_go_to_is_delivered_again_and_not_lost(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served, _ = await with_grave(broker)
        await publish(broker, "poison")
        await broker.catalog.delete_topic(DEAD)
        await fail(broker, served, 5)
        assert (served.stats()["dead_lettered"], served.stats()["pending"]) == (0, 1)
        clock.turn(10)
        broker.delivery.tick()
        assert data(await take(broker, served)) == ["poison"]

    play(scene)


def test_a_dead_letter_survives_a_restart_in_its_new_place_only(play: Play) -> None:
    async def before(broker: Broker) -> None:
        served, _ = await with_grave(broker)
        await publish(broker, "poison")
        await fail(broker, served, 5)

    async def after(broker: Broker) -> None:
        assert await take(broker, broker.catalog.subscription(NAME)) == []
        assert data(await take(broker, broker.catalog.subscription(GRAVE))) == ["poison"]

    play(before)
    play(after)


def test_a_dead_letter_topic_must_exist(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        with pytest.raises(Refused) as refused:
            await set_up(broker, **DEAD_LETTERS)
        assert refused.value.code is StatusCode.NOT_FOUND

    play(scene)


def test_no_attempt_is_told_where_there_is_no_dead_letter_policy(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a")
        assert await fail(broker, served, 2) == [0, 0]

    play(scene)
