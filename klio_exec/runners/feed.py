"""Feeds a streaming run: pulls messages, keeps their leases while they are worked on, gives back what is not."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from klio.events.pubsub import Leased, Subscription
from klio_core.errors import EventError
from klio_exec.runners.pace import Pace

log = logging.getLogger("klio.feed")
_POLL_S = 1.0  # a pull waits this long; a stopping run waits for it
_ABSENT_S = 0.5  # between two tries to reach a service that does not answer


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message, and the subscription that it came by."""

    source: str
    leased: Leased


class Feed:
    """Holds at most as many messages as `pace` has room for, each until `done` or `give_back`.

    A lease is renewed for as long as this process lives and the work takes; when the process dies, the lease ends
    within `lease_s` and the message goes to somebody else.
    """

    def __init__(self, subscriptions: Sequence[str], pace: Pace, *, lease_s: int) -> None:
        self._sources = {path: Subscription(path) for path in subscriptions}
        self._pace = pace
        self._lease_s = lease_s
        self._queue: queue.Queue[Arrived | EventError] = queue.Queue()
        self._held: dict[str, str] = {}  # ack id: subscription
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._keep_leases, name="klio-leases", daemon=True)]
        for path in self._sources:
            self._threads.append(threading.Thread(target=self._pull, args=(path,), name="klio-pull", daemon=True))
        self.quiet_since = time.monotonic()

    def start(self) -> None:
        """Begin to pull."""
        for thread in self._threads:
            thread.start()

    @property
    def stopping(self) -> bool:
        """Whether no more messages are wanted."""
        return self._stopping.is_set()

    @property
    def held(self) -> int:
        """How many messages this process has the leases of."""
        return len(self._held)

    def batch(self, wait_s: float) -> list[Arrived]:
        """Answer what the graph is to work on next; nothing after `wait_s` seconds without a message.

        Raises EventError where a subscription is gone.
        """
        try:
            batch = [self._taken(self._queue.get(timeout=wait_s))]
        except queue.Empty:
            return []
        while len(batch) < self._pace.size and not self._queue.empty():
            batch.append(self._taken(self._queue.get()))
        return batch

    def done(self, batch: Sequence[Arrived]) -> None:
        """Acknowledge: what these messages asked for is done and published."""
        for source, ack_ids in _by_source(batch).items():
            try:
                self._sources[source].ack(ack_ids)
            except EventError as error:
                # They come again, and their outputs exist by then.
                log.warning("%d messages could not be acknowledged and will come again: %s", len(ack_ids), error.got)
        self._forget(batch)
        self.quiet_since = time.monotonic()

    def give_back(self, batch: Sequence[Arrived], after_s: int = 0) -> None:
        """Let these messages be delivered again, after a while."""
        for source, ack_ids in _by_source(batch).items():
            self._extend(source, ack_ids, after_s)
        self._forget(batch)

    def stop(self) -> None:
        """Pull no more, and give back what nobody has begun to work on."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Wait for pulls under way, give back everything that is held, close the connections."""
        self.stop()
        for thread in self._threads:
            thread.join(_POLL_S + 1)
        self.give_back_all()
        for source in self._sources.values():
            source.close()

    def give_back_all(self) -> None:
        """Give back everything that is held, begun or not."""
        for ack_id, source in list(self._held.items()):
            self._extend(source, [ack_id], 0)
        self._held.clear()

    def _taken(self, item: Arrived | EventError) -> Arrived:
        if isinstance(item, EventError):
            raise item
        return item

    def _pull(self, path: str) -> None:
        source, absent = self._sources[path], False
        while (room := self._wait_for_room()) > 0:
            try:
                messages = source.pull(room, _POLL_S)
                if messages:
                    source.extend([message.ack_id for message in messages], self._lease_s)
            except EventError as error:
                self._queue.put(error)
                return
            if messages is None:
                if not absent:
                    log.warning("Pub/Sub does not answer; waiting for it (%s)", path)
                absent = True
                self._stopping.wait(_ABSENT_S)
                continue
            if absent:
                log.warning("Pub/Sub answers again (%s)", path)
                absent = False
            for message in messages:
                self._held[message.ack_id] = path
                self._queue.put(Arrived(path, message))

    def _wait_for_room(self) -> int:
        """Answer how many messages may be pulled now; 0 when the run stops."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopping or self.held < self._pace.room)
            return 0 if self.stopping else max(1, self._pace.room - self.held)

    def _keep_leases(self) -> None:
        while not self._stopping.wait(self._lease_s / 3) or self._held:
            for source, ack_ids in self._held_by_source().items():
                self._extend(source, ack_ids, self._lease_s)
            if self.stopping:
                time.sleep(min(1.0, self._lease_s / 3))

    def _held_by_source(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for ack_id, source in list(self._held.items()):
            found.setdefault(source, []).append(ack_id)
        return found

    def _extend(self, source: str, ack_ids: Sequence[str], seconds: int) -> None:
        try:
            self._sources[source].extend(ack_ids, seconds)
        except EventError as error:
            log.warning("leases of %d messages could not be changed: %s", len(ack_ids), error.got)

    def _forget(self, batch: Sequence[Arrived]) -> None:
        with self._changed:
            for arrived in batch:
                self._held.pop(arrived.leased.ack_id, None)
            self._changed.notify_all()


def _by_source(batch: Sequence[Arrived]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for arrived in batch:
        found.setdefault(arrived.source, []).append(arrived.leased.ack_id)
    return found
