"""Nothing lost, each output committed once: whatever dies, in whatever order, and however often (1, 3, 4, 5, 7, 8)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from klio_core.message import Message

from .world import LEASE_S, STORE, World, content_of

GOOD = (b"a", b"b")
PING = b"ping"
NO_MESSAGE = b"\x00 no message"
DEAD = {b"bad": "exception", b"../up": "bad-element", NO_MESSAGE: "undecodable"}


class Machine(RuleBasedStateMachine):
    """Messages are published, leased, worked on step by step; workers and the broker die; time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(element=st.sampled_from(GOOD), flags=st.sampled_from([{}, {}, {"force": True}]))
    def publish(self, element: bytes, flags: dict[str, bool]) -> None:
        self.world.publish(Message.of(element, **flags).encode(), element)

    @rule(element=st.sampled_from((*DEAD, PING)))
    def publish_what_makes_nothing(self, element: bytes) -> None:
        raw = element if element is NO_MESSAGE else Message.of(element, ping=element == PING).encode()
        self.world.publish(raw, element)

    @rule(steps=st.integers(0, 8))
    def lease(self, steps: int) -> None:
        if self.world.lease():
            self.step(-1, steps)

    @precondition(lambda self: self.world.attempts)
    @rule(data=st.data(), steps=st.sampled_from([1, 2, 100]))
    def go_on(self, data: st.DataObject, steps: int) -> None:
        self.step(data.draw(st.sampled_from(range(len(self.world.attempts)))), steps)

    @precondition(lambda self: self.world.attempts)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        self.world.kill(data.draw(st.sampled_from(self.world.attempts)))

    @precondition(lambda self: self.world.attempts)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        attempt = data.draw(st.sampled_from(self.world.attempts))
        self.world.give_back(attempt)

    @rule(seconds=st.sampled_from([LEASE_S / 2, LEASE_S, LEASE_S]))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule()
    def restart_the_broker(self) -> None:
        self.world.restart()

    @invariant()
    def outputs_are_right_byte_for_byte(self) -> None:
        for element in GOOD:
            assert self.world.look(element) in {None, content_of(element)}

    def step(self, number: int, steps: int) -> None:
        """A worker goes on. What it commits replaces what it was to replace, and nothing that came later."""
        attempt = self.world.attempts[number]
        for _ in range(steps):
            path = self.world.path(attempt.element)
            before = STORE.generation(path)
            where = self.world.step(attempt)
            if STORE.generation(path) != before:
                assert before == attempt.saw, "a worker replaced an output that it had not seen"
                assert attempt.forced or before == 0, "an output that exists was made again, and nobody forced it"
            if where is None:
                return

    def teardown(self) -> None:
        try:
            self.drain()
            self.check_the_end()
        finally:
            self.world.close()

    def drain(self) -> None:
        """Whoever is alive goes on, zombies among them; then everything is worked on that is left."""
        while self.world.attempts:
            self.step(0, 100)
        for _ in range(1 + sum(self.world.published.values())):
            self.world.pass_time(LEASE_S)
            while self.world.lease():
                self.step(0, 100)
        assert self.world.waiting == 0

    def check_the_end(self) -> None:
        world = self.world
        for element in set(GOOD) & set(world.published):
            assert world.look(element) == content_of(element)
            assert world.events[element] >= world.published[element]
        letters = {(letter.element, letter.reason) for letter in world.letters}
        assert letters == {(element, DEAD[element]) for element in set(DEAD) & set(world.published)}
        assert set(world.events) <= {*GOOD, PING}
        assert world.events[PING] >= world.published[PING]
        assert world.look(PING) is None


def search(examples: int, steps: int) -> None:
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=bounds)


@pytest.mark.parametrize(
    ("flags", "where"),
    [({}, "decided"), ({}, "begun"), ({}, "half written"), ({}, "yielded"), ({"force": True}, "begun")],
)
def test_a_worker_that_stood_still_replaces_nothing_and_sends_nothing(flags: dict[str, bool], where: str) -> None:
    world = World()
    world.publish(Message.of(b"a", **flags).encode(), b"a")
    stood_still = world.lease()
    while world.step(stood_still) != where:
        pass
    world.pass_time(LEASE_S)
    other = world.lease()
    while world.step(other):
        pass
    made = STORE.generation(world.path(b"a"))

    seen = set()
    while said := world.step(stood_still):
        seen.add(said)

    assert STORE.generation(world.path(b"a")) == made
    assert "event" not in seen
    world.close()


def test_nothing_is_lost_and_each_output_is_committed_once_whatever_dies() -> None:
    search(examples=12, steps=30)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_is_lost_and_each_output_is_committed_once_in_many_more_orders() -> None:
    search(examples=150, steps=50)
