"""Pub/Sub without the network: topics, subscriptions, messages and leases over one file."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from klio_exec.local.pubsub.bodies import CACHE_BYTES, Bodies
from klio_exec.local.pubsub.catalog import Catalog
from klio_exec.local.pubsub.clock import Clock, SystemClock
from klio_exec.local.pubsub.committer import Committer
from klio_exec.local.pubsub.delivery import Delivery
from klio_exec.local.pubsub.publishing import Publishing
from klio_exec.local.pubsub.storage import Store

TICK_S = 0.05
PURGE_EVERY_S = 600.0


class Broker:
    """`catalog` answers what exists, `publishing` takes messages in, `delivery` hands them out.

    After a restart every unacknowledged message is deliverable again. Attempts that failed before are remembered; a
    delivery that was under way when the server died does not count as one.

    Raises LocalCloudError when the file cannot be used.
    """

    def __init__(self, path: Path, clock: Clock | None = None, *, cache_bytes: int = CACHE_BYTES) -> None:
        clock = clock or SystemClock()
        self._store = Store(path)
        self._committer = Committer(self._store)
        self._bodies = Bodies(self._store, cache_bytes)
        self.catalog = Catalog(self._store, self._committer)
        self.publishing = Publishing(self.catalog, self._committer, self._bodies, clock, self._store.epoch)
        self.delivery = Delivery(self.catalog, self.publishing, self._committer, self._bodies, clock)
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Keep time from now on; needs a running loop. A test calls `delivery.tick` itself."""
        self._keeper = asyncio.create_task(self._keep_time())

    async def close(self) -> None:
        """Commit what is under way and let go of the file."""
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        await self.delivery.settle()
        await self._committer.close()
        self._bodies.close()
        self._store.close()

    def stats(self) -> dict[str, dict[str, int]]:
        """Per subscription: delivered, acked, expired, extended, nacked, dead_lettered, late, pending, outstanding."""
        return {served.name: served.stats() for served in self.catalog.all_served()}

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        next_purge = loop.time()
        while True:
            self.delivery.tick()
            if loop.time() >= next_purge:
                self.delivery.purge()
                next_purge = loop.time() + PURGE_EVERY_S
            await asyncio.sleep(TICK_S)
