"""Messages as bytes: the latest ones from memory, older ones from disk.

A subscriber that keeps up never touches the disk; a large backlog is read as it is delivered, and memory stays bounded.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from klio_exec.local.pubsub.storage import Store

CACHE_BYTES = 64 << 20


class Bodies:
    """Reads the bodies of messages; remembers the latest `limit` bytes of them."""

    def __init__(self, store: Store, limit: int = CACHE_BYTES) -> None:
        self._store = store
        self._limit = limit
        self._size = 0
        self._recent: OrderedDict[int, bytes] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pubsub-reader")

    def remember(self, message: int, body: bytes) -> None:
        """Keep a body that will soon be asked for; the oldest ones make room."""
        self._recent[message] = body
        self._size += len(body)
        while self._size > self._limit:
            _, oldest = self._recent.popitem(last=False)
            self._size -= len(oldest)

    async def fetch(self, messages: Sequence[int], budget: int) -> list[tuple[int, bytes | None]]:
        """(message, body) in order, the first always, further ones while they fit into `budget` bytes.

        A body is None when the message is gone: its retention is over.
        """
        known: dict[int, bytes | None] = {m: self._recent[m] for m in messages if m in self._recent}
        missing = [message for message in messages if message not in known]
        if missing:
            loop = asyncio.get_running_loop()
            known |= await loop.run_in_executor(self._thread, self._store.bodies, missing, budget)
        return list(_fitting(messages, known, budget))

    def close(self) -> None:
        """End the reading thread."""
        self._thread.shutdown()


def _fitting(
    messages: Sequence[int], known: Mapping[int, bytes | None], budget: int
) -> Iterator[tuple[int, bytes | None]]:
    for position, message in enumerate(messages):
        if message not in known:  # the disk stopped reading at the budget
            return
        body = known[message]
        budget -= len(body or b"")
        if budget < 0 and position:
            return
        yield message, body
