"""Whole scenes on a broker: no network, a real file, and time that passes only when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.delivery import Delivered
from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.subscription import Served
from klio_exec.local.pubsub.wire import pb

TOPIC = "projects/my-project/topics/tracks"
DEAD = "projects/my-project/topics/dead"
NAME = "projects/my-project/subscriptions/mixer"
GRAVE = "projects/my-project/subscriptions/grave"

Play = Callable[[Any], Any]


async def set_up(broker: Broker, name: str = NAME, topic: str = TOPIC, **fields: Any) -> Served:
    if topic not in [each.name for each in broker.catalog.topics("projects/my-project")]:
        await broker.catalog.create_topic(pb.Topic(name=topic))
    await broker.catalog.create_subscription(pb.Subscription(name=name, topic=topic, **fields))
    return broker.catalog.subscription(name)


async def publish(broker: Broker, *data: str, key: str = "", topic: str = TOPIC, **attributes: str) -> list[str]:
    messages = [pb.PubsubMessage(data=each.encode(), ordering_key=key, attributes=attributes) for each in data]
    return await broker.publishing.publish(topic, messages)


async def take(broker: Broker, served: Served, limit: int = 100, lease_s: float = 10) -> list[Delivered]:
    return await broker.delivery.take(served, Flow(limit, 0), lease_s)


def message(one: Delivered) -> pb.PubsubMessage:
    return pb.PubsubMessage.FromString(one.body)


def data(got: list[Delivered]) -> list[str]:
    return [message(one).data.decode() for one in got]


def ack_ids(got: list[Delivered]) -> list[str]:
    return [one.ack_id for one in got]


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


# Dead letters


DEAD_LETTERS = {"dead_letter_policy": {"dead_letter_topic": DEAD, "max_delivery_attempts": 5}}


async def with_grave(broker: Broker, **fields: Any) -> tuple[Served, Served]:
    grave = await set_up(broker, GRAVE, DEAD)
    return await set_up(broker, **DEAD_LETTERS, **fields), grave


async def fail(broker: Broker, served: Served, times: int) -> list[int]:
    """Nack everything so often; the attempts that the deliveries told."""
    attempts = []
    for _ in range(times):
        got = await take(broker, served)
        attempts += [one.attempt for one in got]
        broker.delivery.modify(served, ack_ids(got), 0)
    await broker.delivery.settle()
    return attempts


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


# Order, rest, seek, retention, flow


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
