"""Scenes of ordering keys, retries, seeks, retention, and of those who hang up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode

from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.subscription import Served
from klio_exec.local.pubsub.wire import pb

from .scenes import NAME, TOPIC, Play, ack_ids, data, fail, publish, set_up, take


def test_messages_of_a_key_come_one_after_the_other_also_after_a_restart(play: Play) -> None:
    async def before(broker: Broker) -> None:
        served = await set_up(broker, enable_message_ordering=True)
        await publish(broker, "1", "2", "3", key="k")
        assert data(await take(broker, served)) == ["1"]

    async def after(broker: Broker) -> None:
        served = broker.catalog.subscription(NAME)
        seen = []
        for _ in range(3):
            got = await take(broker, served)
            seen.append(data(got))
            await broker.delivery.acknowledge(served, ack_ids(got))
        assert seen == [["1"], ["2"], ["3"]]

    play(before)
    play(after)


def test_what_a_dead_subscriber_held_comes_before_the_others_and_what_was_refused_after_them(
    play: Play, clock: Any
) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "1", "2", "3", "4")
        held = await take(broker, served, 3)
        broker.delivery.modify(served, ack_ids(held)[2:], 0)
        clock.turn(10)
        broker.delivery.tick()

        assert data(await take(broker, served)) == ["1", "2", "4", "3"]

    play(scene)


def test_a_failed_message_rests_as_its_retry_policy_says(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        policy = {"minimum_backoff": Duration(seconds=2), "maximum_backoff": Duration(seconds=60)}
        served = await set_up(broker, retry_policy=policy)
        await publish(broker, "a")
        for rest in (2, 4, 8):
            await fail(broker, served, 1)
            clock.turn(rest - 0.1)
            broker.delivery.tick()
            assert await take(broker, served) == []
            clock.turn(0.1)
            broker.delivery.tick()
            assert served.stats()["pending"] == 1

    play(scene)


async def three_hours(broker: Broker, clock: Any, **fields: Any) -> tuple[Served, list[int]]:
    """Three messages, an hour between them; the times in nanoseconds."""
    served = await set_up(broker, **fields)
    times = []
    for name in ("first", "second", "third"):
        times.append(int(clock.wall()) * 10**9)
        await publish(broker, name)
        clock.turn(3600)
    return served, times


def test_seek_to_a_time_acknowledges_what_is_older(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served, times = await three_hours(broker, clock)
        await broker.delivery.seek(served, times[1])
        assert data(await take(broker, served)) == ["second", "third"]

    play(scene)


def test_seek_back_replays_what_was_acknowledged_where_that_is_retained(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served, times = await three_hours(broker, clock, retain_acked_messages=True)
        await broker.delivery.acknowledge(served, ack_ids(await take(broker, served)))
        assert await take(broker, served) == []
        await broker.delivery.seek(served, times[1])
        assert data(await take(broker, served)) == ["second", "third"]

    play(scene)


def test_seek_ends_every_lease(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        served, times = await three_hours(broker, clock)
        old = await take(broker, served)
        await broker.delivery.seek(served, times[0])
        await broker.delivery.acknowledge(served, ack_ids(old))
        assert data(await take(broker, served)) == ["first", "second", "third"]

    play(scene)


def test_a_message_is_forgotten_when_its_retention_is_over(play: Play, clock: Any) -> None:
    async def scene(broker: Broker) -> None:
        await set_up(broker, message_retention_duration=Duration(seconds=600))
        await publish(broker, "old")
        clock.turn(601)
        await publish(broker, "new")
        broker.delivery.purge()

    async def after(broker: Broker) -> list[str]:
        return data(await take(broker, broker.catalog.subscription(NAME)))

    play(scene)
    assert play(after) == ["new"]


def test_a_purged_message_that_is_still_listed_is_skipped(play: Play, clock: Any) -> None:
    async def before(broker: Broker) -> None:
        await set_up(broker, message_retention_duration=Duration(seconds=600))
        await publish(broker, "old")

    async def after(broker: Broker) -> None:
        clock.turn(601)
        broker.delivery.purge()
        await publish(broker, "new")
        served = broker.catalog.subscription(NAME)
        assert data(await take(broker, served)) == ["new"]
        assert served.stats()["pending"] == 0

    play(before)
    play(after)


def test_no_more_bytes_are_handed_out_than_fit_but_one_message_always(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        await publish(broker, "a" * 1_000, "b" * 1_000, "c" * 1_000)
        flow = Flow(0, 2_500)
        assert [
            one.body.count(b"a") + one.body.count(b"b") for one in await broker.delivery.take(served, flow, 10)
        ] == [
            1_000,
            1_000,
        ]
        assert flow.room_bytes > 0
        assert len(await broker.delivery.take(served, Flow(0, 10), 10)) == 1

    play(scene)


def test_two_pullers_share_what_is_there(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        first, second = Flow(100, 0), Flow(100, 0)
        await publish(broker, *"abcdefgh")
        with served.pulled_by(first), served.pulled_by(second):
            assert len(await broker.delivery.take(served, first, 10)) == 4
            assert second.wake.is_set() is False

    play(scene)


def test_a_puller_that_hangs_up_while_the_disk_is_read_gives_its_messages_back(play: Play) -> None:
    async def before(broker: Broker) -> None:
        await set_up(broker)
        await publish(broker, "a", "b")

    async def after(broker: Broker) -> None:
        served = broker.catalog.subscription(NAME)
        hanging_up = asyncio.create_task(take(broker, served))
        await asyncio.sleep(0)
        assert served.stats()["outstanding"] == 2
        hanging_up.cancel()
        await asyncio.gather(hanging_up, return_exceptions=True)
        assert served.stats()["outstanding"] == 0
        assert data(await take(broker, served)) == ["a", "b"]

    play(before)
    play(after)


def test_a_publisher_that_hangs_up_leaves_a_message_that_is_delivered(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        hanging_up = asyncio.create_task(publish(broker, "a"))
        await asyncio.sleep(0)
        hanging_up.cancel()
        await asyncio.gather(hanging_up, return_exceptions=True)
        await publish(broker, "b")
        assert data(await take(broker, served)) == ["a", "b"]

    play(scene)


def test_a_name_is_taken_from_the_moment_it_is_asked_for(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        answers = await asyncio.gather(
            *(broker.catalog.create_topic(pb.Topic(name=TOPIC)) for _ in range(3)), return_exceptions=True
        )
        codes = [answer.code for answer in answers if isinstance(answer, Refused)]
        assert codes == [StatusCode.ALREADY_EXISTS, StatusCode.ALREADY_EXISTS]

    play(scene)


def test_a_full_disk_is_unavailable_and_what_was_refused_is_not_delivered(play: Play) -> None:
    async def scene(broker: Broker) -> None:
        served = await set_up(broker)
        disk = broker._store._writer
        (pages,) = disk.execute("PRAGMA page_count").fetchone()
        disk.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(Refused, match="disk is full") as refused:
            await publish(broker, "x" * 100_000)
        assert refused.value.code is StatusCode.UNAVAILABLE
        disk.execute("PRAGMA max_page_count = 1000000")
        await publish(broker, "there is room again")
        assert data(await take(broker, served)) == ["there is room again"]

    play(scene)
