from __future__ import annotations

import pytest

from klio_exec.local.pubsub.backlog import Backlog, Lease
from klio_exec.local.pubsub.flow import Flow

EVERYTHING = 1_000


@pytest.fixture
def backlog() -> Backlog:
    return Backlog("1-1")


@pytest.fixture
def ordered() -> Backlog:
    return Backlog("1-2", ordered=True)


def leased(backlog: Backlog, limit: int = EVERYTHING, until: float = 10.0, flow: Flow | None = None) -> list[Lease]:
    return backlog.lease(limit, until, flow or Flow(0, 0))


def messages(leases: list[Lease]) -> list[int]:
    return [lease.message for lease in leases]


def test_messages_are_leased_in_the_order_in_which_they_came(backlog: Backlog) -> None:
    for message in (1, 2, 3):
        backlog.add(message)
    assert messages(leased(backlog, 2)) == [1, 2]
    assert (backlog.pending, backlog.outstanding) == (1, 2)


def test_a_leased_message_is_not_leased_again(backlog: Backlog) -> None:
    backlog.add(1)
    leased(backlog)
    assert leased(backlog) == []


def test_an_acknowledged_message_is_gone(backlog: Backlog) -> None:
    backlog.add(1)
    [lease] = leased(backlog)
    assert backlog.ack(lease.ack_id) == 1
    assert (backlog.pending, backlog.outstanding, backlog.counts.acked) == (0, 0, 1)
    assert backlog.expire(1e9) == []


def test_a_second_acknowledgement_is_counted_as_late_and_changes_nothing(backlog: Backlog) -> None:
    backlog.add(1)
    [lease] = leased(backlog)
    backlog.ack(lease.ack_id)
    assert backlog.ack(lease.ack_id) is None
    assert (backlog.counts.acked, backlog.counts.late) == (1, 1)


def test_what_comes_again_at_once_does_so_as_the_last_or_as_the_first_one(backlog: Backlog) -> None:
    for message in (1, 2, 3):
        backlog.add(message)
    first, second = leased(backlog, 2)
    backlog.nack(first.ack_id)
    backlog.retry(1, at=5.0, now=5.0)
    backlog.nack(second.ack_id)
    backlog.retry(2, at=5.0, now=5.0, first=True)

    assert messages(leased(backlog)) == [2, 3, 1]


def test_a_lease_ends_at_its_time_and_not_before(backlog: Backlog) -> None:
    backlog.add(1)
    leased(backlog, until=10.0)
    assert backlog.expire(9.999) == []
    assert messages(backlog.expire(10.0)) == [1]
    assert backlog.counts.expired == 1


def test_an_extended_lease_ends_at_its_new_time_only(backlog: Backlog) -> None:
    backlog.add(1)
    [lease] = leased(backlog, until=10.0)
    backlog.extend(lease.ack_id, 60.0)
    assert backlog.expire(59.0) == []
    assert messages(backlog.expire(60.0)) == [1]


def test_a_shortened_lease_ends_at_its_new_time(backlog: Backlog) -> None:
    backlog.add(1)
    [lease] = leased(backlog, until=10.0)
    backlog.extend(lease.ack_id, 1.0)
    assert messages(backlog.expire(1.0)) == [1]
    assert backlog.expire(10.0) == []


def test_an_ack_id_of_an_ended_lease_does_not_touch_the_next_delivery(backlog: Backlog) -> None:
    backlog.add(1)
    [first] = leased(backlog)
    backlog.expire(10.0)
    backlog.retry(1, at=10.0, now=10.0)
    [second] = leased(backlog, until=20.0)
    assert backlog.ack(first.ack_id) is None
    assert backlog.nack(first.ack_id) is None
    backlog.extend(first.ack_id, 999.0)
    assert backlog.outstanding == 1
    assert messages(backlog.expire(20.0)) == [1]
    assert second.ack_id != first.ack_id


def test_failures_are_counted_over_deliveries(backlog: Backlog) -> None:
    backlog.add(1)
    for failures in (1, 2, 3):
        [lease] = leased(backlog)
        assert lease.failures == failures - 1
        failed = backlog.nack(lease.ack_id)
        assert failed is not None
        assert failed.failures == failures
        backlog.retry(1, at=0, now=0)
    assert backlog.counts.nacked == 3


def test_a_message_loaded_with_failures_goes_on_from_there(backlog: Backlog) -> None:
    backlog.add(1, failures=4)
    [lease] = leased(backlog)
    assert lease.failures == 4


def test_a_resting_message_waits_until_its_time(backlog: Backlog) -> None:
    backlog.add(1)
    [lease] = leased(backlog)
    backlog.nack(lease.ack_id)
    backlog.retry(1, at=5.0, now=0.0)
    assert (backlog.wake(4.9), leased(backlog), backlog.pending) == (0, [], 1)
    assert backlog.wake(5.0) == 1
    assert messages(leased(backlog)) == [1]


def test_what_is_given_back_comes_next_in_its_old_order_and_counts_as_no_failure(backlog: Backlog) -> None:
    for message in (1, 2, 3):
        backlog.add(message)
    leases = leased(backlog)
    backlog.give_back(leases[1:])
    again = leased(backlog)
    assert messages(again) == [2, 3]
    assert [lease.failures for lease in again] == [0, 0]


def test_a_lease_fills_its_flow_and_its_end_makes_room(backlog: Backlog) -> None:
    flow = Flow(2, 0)
    for message in (1, 2, 3):
        backlog.add(message)
    first, second = leased(backlog, flow.room, flow=flow)
    backlog.sized(first, 100)
    assert (flow.room, flow.bytes) == (0, 100)
    backlog.ack(first.ack_id)
    assert (flow.room, flow.bytes) == (1, 0)
    backlog.nack(second.ack_id)
    assert flow.room == 2


def test_clear_ends_every_lease_and_forgets_every_message(ordered: Backlog) -> None:
    flow = Flow(10, 0)
    for message in (1, 2):
        ordered.add(message, "key")
    [lease] = leased(ordered, flow=flow)
    ordered.clear()
    assert (ordered.pending, ordered.outstanding, flow.messages) == (0, 0, 0)
    ordered.give_back([lease])
    assert leased(ordered) == []


def test_of_one_key_one_message_is_on_its_way_and_the_next_follows_its_ack(ordered: Backlog) -> None:
    for message in (1, 2, 3):
        ordered.add(message, "key")
    seen = []
    for _ in range(3):
        [lease] = leased(ordered)
        assert leased(ordered) == []
        seen.append(lease.message)
        ordered.ack(lease.ack_id)
    assert seen == [1, 2, 3]
    assert ordered.pending == 0


def test_keys_do_not_wait_for_each_other_nor_do_messages_without_a_key(ordered: Backlog) -> None:
    for message, key in ((1, "a"), (2, "a"), (3, "b"), (4, ""), (5, "")):
        ordered.add(message, key)
    assert messages(leased(ordered)) == [1, 3, 4, 5]
    assert ordered.pending == 1


def test_a_failed_message_of_a_key_keeps_its_place_before_the_later_ones(ordered: Backlog) -> None:
    for message in (1, 2):
        ordered.add(message, "key")
    [lease] = leased(ordered)
    ordered.nack(lease.ack_id)
    assert leased(ordered) == []
    ordered.retry(1, at=0, now=0)
    [again] = leased(ordered)
    assert again.message == 1
    ordered.ack(again.ack_id)
    assert messages(leased(ordered)) == [2]


def test_a_key_goes_on_after_its_front_became_a_dead_letter(ordered: Backlog) -> None:
    for message in (1, 2):
        ordered.add(message, "key")
    [lease] = leased(ordered)
    ordered.nack(lease.ack_id)
    ordered.forget(1)
    assert messages(leased(ordered)) == [2]


def test_a_key_whose_messages_are_all_done_begins_anew(ordered: Backlog) -> None:
    ordered.add(1, "key")
    [lease] = leased(ordered)
    ordered.ack(lease.ack_id)
    ordered.add(2, "key")
    assert messages(leased(ordered)) == [2]


def test_keys_mean_nothing_where_ordering_is_not_enabled(backlog: Backlog) -> None:
    for message in (1, 2):
        backlog.add(message, "key")
    assert messages(leased(backlog)) == [1, 2]


def test_a_message_whose_body_is_gone_is_dropped_and_its_key_goes_on(ordered: Backlog) -> None:
    for message in (1, 2):
        ordered.add(message, "key")
    [lease] = leased(ordered)
    ordered.drop(lease)
    assert messages(leased(ordered)) == [2]
    assert ordered.counts.acked == 0
