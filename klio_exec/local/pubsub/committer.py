"""Group commit: whatever was asked for while the disk was busy shares the next transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from klio_exec.local.pubsub.errors import unavailable
from klio_exec.local.pubsub.storage import Job, Store

T = TypeVar("T")


@dataclass(slots=True)
class _Entry:
    job: Job[Any]
    done: Callable[[Any], None] | None
    answer: asyncio.Future[Any]


class Committer:
    """Runs jobs in the order in which they were submitted, on a thread of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pubsub-writer")
        self._queue: list[_Entry] = []
        self._flushing: asyncio.Task[None] | None = None

    def submit(self, job: Job[T], done: Callable[[T], None] | None = None) -> asyncio.Future[T]:
        """A future that is set once the job is committed, or raises Refused (UNAVAILABLE) when it cannot be.

        `done` runs on the loop right after the commit, in order, even when nobody waits for the future any more: a
        publisher that hangs up between commit and answer must not leave a message on disk that no subscriber is told
        of.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        # Whoever does not wait for the answer has nothing to do about a failure: the state on disk stays the older one.
        answer.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._queue.append(_Entry(job, done, answer))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return answer

    async def close(self) -> None:
        """Commit what is queued, then end the thread."""
        if self._flushing:
            await self._flushing
        self._thread.shutdown()

    async def _flush(self) -> None:
        try:
            while self._queue:
                group, self._queue = self._queue, []
                await self._commit(group)
        finally:
            self._flushing = None

    async def _commit(self, group: list[_Entry]) -> None:
        jobs = [entry.job for entry in group]
        loop = asyncio.get_running_loop()
        try:
            results = await loop.run_in_executor(self._thread, self._store.write, jobs)
        except sqlite3.Error as error:
            _refuse(group, error)
        else:
            _answer(group, results)


def _answer(group: list[_Entry], results: list[Any]) -> None:
    for entry, result in zip(group, results, strict=True):
        if entry.done:
            entry.done(result)
        if not entry.answer.done():
            entry.answer.set_result(result)


def _refuse(group: list[_Entry], error: sqlite3.Error) -> None:
    for entry in group:
        if not entry.answer.done():
            entry.answer.set_exception(unavailable(str(error)))
