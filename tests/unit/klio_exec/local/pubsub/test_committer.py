from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from grpc import StatusCode

from klio_exec.local.pubsub import schema
from klio_exec.local.pubsub.committer import Committer
from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.storage import Job, Store


def save(name: str) -> Job[None]:
    return schema.save_topic(name, b"")


def fail(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO no_such_table VALUES (1)")


def run(path: Path, scene: Callable[[Store, Committer], Any]) -> list[str]:
    """Play the scene, close everything, and return the names of the topics that are on disk then."""

    async def main() -> list[str]:
        store = Store(path)
        committer = Committer(store)
        await scene(store, committer)
        await committer.close()
        names = store.read(lambda connection: [row[0] for row in connection.execute("SELECT name FROM topics")])
        store.close()
        return names

    return asyncio.run(main())


def test_what_is_asked_for_while_the_disk_is_busy_shares_one_commit(tmp_path: Path) -> None:
    statements: list[str] = []

    async def scene(store: Store, committer: Committer) -> None:
        store._writer.set_trace_callback(statements.append)
        busy = threading.Event()
        first = committer.submit(lambda _connection: busy.wait(10))
        await asyncio.sleep(0)
        others = [committer.submit(save(f"topic-{n:02}")) for n in range(50)]
        busy.set()
        await asyncio.gather(first, *others)

    assert len(run(tmp_path / "db", scene)) == 50
    assert statements.count("COMMIT") == 2


def test_a_job_is_answered_with_what_it_returned_in_order(tmp_path: Path) -> None:
    done: list[int] = []

    async def scene(_store: Store, committer: Committer) -> None:
        jobs = [committer.submit(lambda _connection, n=n: n, done.append) for n in range(5)]
        assert await asyncio.gather(*jobs) == [0, 1, 2, 3, 4]

    run(tmp_path / "db", scene)
    assert done == [0, 1, 2, 3, 4]


def test_done_is_called_although_the_one_who_asked_has_hung_up(tmp_path: Path) -> None:
    done = []

    async def scene(_store: Store, committer: Committer) -> None:
        waiting = committer.submit(save("topic"), done.append)
        waiting.cancel()

    assert run(tmp_path / "db", scene) == ["topic"]
    assert done == [None]


def test_a_failed_commit_is_unavailable_to_all_who_shared_it_and_the_next_one_works(tmp_path: Path) -> None:
    done: list[None] = []

    async def scene(_store: Store, committer: Committer) -> None:
        together = [committer.submit(save("lost"), done.append), committer.submit(fail)]
        for answer in await asyncio.gather(*together, return_exceptions=True):
            assert isinstance(answer, Refused)
            assert answer.code is StatusCode.UNAVAILABLE
            assert "no_such_table" in str(answer)
        await committer.submit(save("kept"))

    assert run(tmp_path / "db", scene) == ["kept"]
    assert done == []


def test_a_failure_that_nobody_waits_for_makes_no_noise(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(_store: Store, committer: Committer) -> None:
        committer.submit(fail)

    run(tmp_path / "db", scene)
    assert caplog.records == []
