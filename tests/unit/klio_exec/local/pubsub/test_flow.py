from __future__ import annotations

import pytest

from klio_exec.local.pubsub.flow import Flow


@pytest.mark.parametrize("no_limit", [0, -1])
def test_a_limit_of_zero_or_less_is_no_limit(no_limit: int) -> None:
    flow = Flow(no_limit, no_limit)
    for _ in range(10_000):
        flow.sent(10**9)
    assert flow.room > 10**9


def test_there_is_no_room_once_the_bytes_are_used_up_however_few_the_messages() -> None:
    flow = Flow(1_000, 100)
    flow.sent(60)
    assert (flow.room, flow.room_bytes) == (999, 40)
    flow.sent(60)
    assert (flow.room, flow.room_bytes) == (0, 0)


def test_room_that_is_made_wakes_the_puller() -> None:
    flow = Flow(1, 0)
    flow.sent(10)
    assert not flow.wake.is_set()
    flow.freed(10)
    assert flow.wake.is_set()
    assert flow.room == 1
