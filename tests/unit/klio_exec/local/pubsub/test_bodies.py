from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from klio_exec.local.pubsub import schema
from klio_exec.local.pubsub.bodies import Bodies
from klio_exec.local.pubsub.schema import Published, Wanted
from klio_exec.local.pubsub.storage import Store

BODY = b"x" * 100


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[Bodies], Coroutine[Any, Any, Any]]], Any]:
    """Messages 1 to 5, of 100 bytes each, are on disk; 300 bytes fit into memory."""

    def play(scene: Callable[[Bodies], Coroutine[Any, Any, Any]]) -> Any:
        store = Store(tmp_path / "db")
        published = [Published(n, 1, BODY) for n in range(1, 6)]
        store.write([schema.publish(published, [Wanted(n, 1, "") for n in range(1, 6)])])
        bodies = Bodies(store, limit=300)
        try:
            return asyncio.run(scene(bodies))
        finally:
            bodies.close()
            store.close()

    return play


def test_bodies_come_from_disk_when_memory_does_not_have_them(run: Any) -> None:
    assert run(lambda bodies: bodies.fetch([1, 2], 1_000)) == [(1, BODY), (2, BODY)]


def test_bodies_come_from_memory_while_they_are_remembered(run: Any) -> None:
    def scene(bodies: Bodies) -> Coroutine[Any, Any, Any]:
        bodies.remember(1, b"from memory")
        return bodies.fetch([1, 2], 1_000)

    assert run(scene) == [(1, b"from memory"), (2, BODY)]


def test_the_oldest_bodies_make_room_in_memory(run: Any) -> None:
    def scene(bodies: Bodies) -> Coroutine[Any, Any, Any]:
        for number in range(1, 6):
            bodies.remember(number, b"m" * 100)
        assert len(bodies._recent) == 3
        return bodies.fetch([1, 2, 3, 4, 5], 10_000)

    assert [body[:1] for _, body in run(scene)] == [b"x", b"x", b"m", b"m", b"m"]


@pytest.mark.parametrize(("budget", "fitting"), [(0, 1), (100, 1), (199, 1), (200, 2), (10_000, 5)])
@pytest.mark.parametrize("remembered", [[], [1], [2, 4], [1, 2, 3]])
def test_as_many_come_as_fit_but_always_the_first(run: Any, budget: int, fitting: int, remembered: list[int]) -> None:
    def scene(bodies: Bodies) -> Coroutine[Any, Any, Any]:
        for number in remembered:
            bodies.remember(number, BODY)
        return bodies.fetch([1, 2, 3, 4, 5], budget)

    assert [number for number, _ in run(scene)] == [1, 2, 3, 4, 5][:fitting]


def test_a_message_that_is_gone_has_no_body(run: Any) -> None:
    assert run(lambda bodies: bodies.fetch([1, 77, 2], 1_000)) == [(1, BODY), (77, None), (2, BODY)]
