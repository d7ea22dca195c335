"""Feeds a streaming run: pulls messages, keeps their leases while they are worked on, gives back what is not."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

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


@dataclass(slots=True)
class _Lease:
    source: str
    until: float


class Feed:
    """Holds at most as many messages as `pace` has room for, each until `done` or `give_back`.

    Several subscriptions have equal shares of the room, of one message at least, so that a silent one holds up none.

    A lease is renewed for as long as this process lives and the work takes, and `renewed` is called each time; when the
    process dies, the lease ends within `lease_s` and the message goes to somebody else. So it does while the process
    stands still (SIGSTOP, a machine asleep) for longer than that: the message is no longer `ours` then.

    With a `limit`, no more than so many messages are ever pulled, and nobody else's are held meanwhile.
    """

    def __init__(
        self,
        subscriptions: Sequence[str],
        pace: Pace,
        *,
        lease_s: int,
        limit: int | None = None,
        renewed: Callable[[], None] = lambda: None,
    ) -> None:
        self._sources = {path: Subscription(path) for path in subscriptions}
        self._pace = pace
        self._lease_s = lease_s
        self._left = limit  # to be pulled; what a pull under way may bring is no longer in it
        self._renewed = renewed
        self._queue: queue.Queue[Arrived | EventError] = queue.Queue()
        self._held: dict[str, _Lease] = {}  # by ack id
        self._changed = threading.Condition()
        self._pulling = 0  # messages that pulls under way may bring, where there is a limit
        self._stopping = threading.Event()
        self._closed = threading.Event()
        self._keeper = threading.Thread(target=self._keep_leases, name="klio-leases", daemon=True)
        self._pullers = [
            threading.Thread(target=self._pull, args=(path,), name="klio-pull", daemon=True) for path in self._sources
        ]
        self.quiet_since = time.monotonic()

    def start(self) -> None:
        """Begin to pull."""
        self.quiet_since = time.monotonic()
        for thread in (self._keeper, *self._pullers):
            thread.start()

    @property
    def sources(self) -> list[str]:
        """The subscriptions that messages come by."""
        return list(self._sources)

    @property
    def stopping(self) -> bool:
        """Whether no more messages are wanted."""
        return self._stopping.is_set()

    @property
    def held(self) -> int:
        """How many messages this process has the leases of."""
        return len(self._held)

    @property
    def exhausted(self) -> bool:
        """Whether the limit is reached, and all that was pulled is done or given back."""
        with self._changed:
            return self._left == 0 and self._pulling == 0 and not self._held

    def ours(self, arrived: Arrived) -> bool:
        """Whether this process has the lease of a message: it may have ended while the process stood still."""
        lease = self._held.get(arrived.leased.ack_id)
        return lease is not None and time.monotonic() < lease.until

    def batch(self, wait_s: float) -> list[Arrived]:
        """Answer what the graph is to work on next; nothing after `wait_s` seconds without a message.

        Raises EventError where a subscription is gone.
        """
        try:
            batch = [self._taken(self._queue.get(timeout=wait_s))]
        except queue.Empty:
            return []
        batch += map(self._taken, islice(self._waiting(), self._pace.size - 1))
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
        self._give_back_waiting()

    def close(self) -> None:
        """Wait for pulls under way, give back everything that is held, close the connections."""
        self.stop()
        for puller in self._pullers:
            puller.join(_POLL_S + 1)
        self.give_back_all()
        self._closed.set()
        self._keeper.join(_POLL_S + 1)
        for source in self._sources.values():
            source.close()

    def give_back_all(self) -> None:
        """Give back everything that is held, begun or not."""
        for source, ack_ids in self._held_by_source().items():
            self._extend(source, ack_ids, 0)
        self._held.clear()

    def _give_back_waiting(self) -> None:
        self.give_back([item for item in self._waiting() if isinstance(item, Arrived)])

    def _waiting(self) -> Iterator[Arrived | EventError]:
        """Yield what is there now. Another thread may take of it meanwhile."""
        with suppress(queue.Empty):
            while True:
                yield self._queue.get_nowait()

    def _taken(self, item: Arrived | EventError) -> Arrived:
        if isinstance(item, EventError):
            raise item
        return item

    def _pull(self, path: str) -> None:
        absent = False
        while (room := self._wait_for_room(path)) > 0:
            try:
                messages = self._sources[path].pull(room, _POLL_S)
            except EventError as error:
                self._queue.put(error)
                return
            if (messages is None) != absent:
                absent = messages is None
                log.warning("Pub/Sub does not answer; waiting for it (%s)" if absent else "Pub/Sub is back (%s)", path)
            if messages is None:
                self._stopping.wait(_ABSENT_S)
            elif messages:
                self._take(path, messages)
            self._pulled(room, len(messages or ()))

    def _take(self, path: str, messages: Sequence[Leased]) -> None:
        until = time.monotonic() + self._lease_s
        self._held.update({message.ack_id: _Lease(path, until) for message in messages})
        self._extend(path, [message.ack_id for message in messages], self._lease_s)
        for message in messages:
            self._queue.put(Arrived(path, message))
        if self.stopping:  # since the pull began: nobody takes them any more
            self._give_back_waiting()

    def _wait_for_room(self, path: str) -> int:
        """Answer how many messages may be pulled now; 0 when the run stops."""

        def room() -> int:
            held = sum(lease.source == path for lease in list(self._held.values()))
            return max(1, self._pace.room // len(self._sources)) - held

        with self._changed:
            self._changed.wait_for(lambda: self.stopping or self._is_spent or (room() > 0 and self._left != 0))
            if self.stopping or self._is_spent:
                return 0
            return self._reserved(room())

    @property
    def _is_spent(self) -> bool:
        return self._left == 0 and self._pulling == 0

    def _reserved(self, room: int) -> int:
        """Answer how many of `room` messages a pull may bring within the limit, and take them from it."""
        if self._left is None:
            return room
        allowed = min(room, self._left)
        self._left -= allowed
        self._pulling += allowed
        return allowed

    def _pulled(self, allowed: int, came: int) -> None:
        """Give back to the limit what a pull did not bring."""
        if self._left is None:
            return
        with self._changed:
            self._pulling -= allowed
            self._left += allowed - came
            self._changed.notify_all()

    def _keep_leases(self) -> None:
        while not self._closed.wait(self._lease_s / 3):
            self._let_go_of_ended()
            until = time.monotonic() + self._lease_s
            for source, ack_ids in self._held_by_source().items():
                if self._extend(source, ack_ids, self._lease_s):
                    self._note(ack_ids, until)
            if self._held:
                self._renewed()

    def _let_go_of_ended(self) -> None:
        """A lease that has ended is not to be had again: its message is somebody else's by now."""
        now = time.monotonic()
        ended = [ack_id for ack_id, lease in list(self._held.items()) if lease.until < now]
        if ended:
            log.warning("the leases of %d messages have ended meanwhile; they go to others", len(ended))
            self._let_go(ended)

    def _note(self, ack_ids: Sequence[str], until: float) -> None:
        for ack_id in ack_ids:
            lease = self._held.get(ack_id)
            if lease is not None:
                lease.until = until

    def _held_by_source(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for ack_id, lease in list(self._held.items()):
            found.setdefault(lease.source, []).append(ack_id)
        return found

    def _extend(self, source: str, ack_ids: Sequence[str], seconds: int) -> bool:
        try:
            self._sources[source].extend(ack_ids, seconds)
        except EventError as error:
            log.warning("leases of %d messages could not be changed: %s", len(ack_ids), error.got)
            return False
        return True

    def _forget(self, batch: Sequence[Arrived]) -> None:
        self._let_go([arrived.leased.ack_id for arrived in batch])

    def _let_go(self, ack_ids: Sequence[str]) -> None:
        with self._changed:
            for ack_id in ack_ids:
                self._held.pop(ack_id, None)
            self._changed.notify_all()


def _by_source(batch: Sequence[Arrived]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for arrived in batch:
        found.setdefault(arrived.source, []).append(arrived.leased.ack_id)
    return found
