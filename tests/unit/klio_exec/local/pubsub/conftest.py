"""A broker whose time stands still until the test moves it, and whose file survives its restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from klio_exec.local.pubsub.broker import Broker

T = TypeVar("T")
Scene = Callable[[Broker], Awaitable[T]]


class HandClock:
    """Both times at once; `turn` moves them."""

    def __init__(self) -> None:
        self._now = 1_700_000_000.0

    def wall(self) -> float:
        return self._now

    def steady(self) -> float:
        return self._now

    def turn(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def play(tmp_path: Path, clock: HandClock) -> Callable[[Scene[T]], T]:
    """Play a scene on a broker over this test's file; every call is a start of the broker, and its end a stop."""

    def play_scene(scene: Scene[T]) -> T:
        async def main() -> T:
            broker = Broker(tmp_path / "pubsub.db", clock)
            try:
                return await scene(broker)
            finally:
                await broker.close()

        return asyncio.run(main())

    return play_scene
