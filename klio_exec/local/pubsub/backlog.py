"""What one subscription still has to deliver: the state machine of leases, without clock, disk or network.

    add ──▶ waiting ── lease ──▶ leased ── ack ──▶ gone
               ▲                   │
               │                   └─ nack, or expire ──▶ failed ── retry ──▶ resting, then waiting again
               └── give_back ──────┘                         └── forget ──▶ gone (a dead letter)

It holds the ids of messages only, some 40 bytes each, so that a backlog of millions fits into memory.

Of an ordering key, one message at a time is on its way (the front); those behind it sit in a lane and come forward when
the front is gone. So no later message of a key can overtake an earlier one, and a redelivery is followed by those after
it. (Google's service may send several of a key to one subscriber at once.)
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from klio_exec.local.pubsub.flow import Flow


@dataclass(slots=True)
class Counts:
    """What has happened to the messages of one subscription since the server started."""

    delivered: int = 0
    acked: int = 0
    expired: int = 0
    extended: int = 0
    nacked: int = 0
    dead_lettered: int = 0
    late: int = 0  # acks and extensions of a lease that had ended: ignored, the message comes again


@dataclass(slots=True)
class Lease:
    """One delivery of one message: `ack_id` names it, and it ends at `until` unless extended."""

    ack_id: str
    message: int
    until: float
    flow: Flow
    failures: int
    size: int = 0  # bytes; known, and counted in the flow, once the body was read


class Backlog:
    """The unacknowledged messages of one subscription. Times are seconds of whatever clock the caller keeps."""

    def __init__(self, stamp: str, *, ordered: bool = False) -> None:
        """`stamp` begins every ack id, and must differ between subscriptions and between runs of the server."""
        self.counts = Counts()
        self._stamp = stamp
        self._ordered = ordered
        self._deliveries = itertools.count(1)
        self._waiting: deque[int] = deque()
        self._resting: list[tuple[float, int]] = []  # a heap by time
        self._leases: dict[str, Lease] = {}
        self._ends: list[tuple[float, str]] = []  # a heap; holds stale entries of acked and extended leases
        self._failures: dict[int, int] = {}  # only of messages that failed
        self._front_key: dict[int, str] = {}  # fronts of ordering keys
        self._lanes: dict[str, deque[int]] = {}  # one per key that has a front
        self._in_lanes = 0

    @property
    def pending(self) -> int:
        """Messages that no puller holds."""
        return len(self._waiting) + len(self._resting) + self._in_lanes

    @property
    def outstanding(self) -> int:
        """Messages under a lease."""
        return len(self._leases)

    @property
    def ready(self) -> int:
        """Messages that could be leased now."""
        return len(self._waiting)

    def add(self, message: int, key: str = "", failures: int = 0) -> None:
        """A message that was published, or loaded from disk with the failures it already had."""
        if failures:
            self._failures[message] = failures
        if not (self._ordered and key):
            self._waiting.append(message)
        elif key in self._lanes:
            self._lanes[key].append(message)
            self._in_lanes += 1
        else:
            self._lanes[key] = deque()
            self._front_key[message] = key
            self._waiting.append(message)

    def lease(self, limit: int, until: float, flow: Flow) -> list[Lease]:
        """Up to `limit` messages, in order of arrival, each held until `until`."""
        leases = []
        for _ in range(min(limit, len(self._waiting))):
            message = self._waiting.popleft()
            ack_id = f"{self._stamp}-{message}-{next(self._deliveries)}"
            lease = Lease(ack_id, message, until, flow, self._failures.get(message, 0))
            self._leases[ack_id] = lease
            heapq.heappush(self._ends, (until, ack_id))
            flow.sent(0)
            leases.append(lease)
        return leases

    def sized(self, lease: Lease, size: int) -> None:
        """The message is about to be sent and has `size` bytes."""
        self.counts.delivered += 1
        lease.size = size
        lease.flow.bytes += size

    def give_back(self, leases: Iterable[Lease]) -> None:
        """These were leased but never sent: they come next, and nothing counts as failed."""
        for lease in reversed(list(leases)):
            if self._end(lease.ack_id):
                self._waiting.appendleft(lease.message)

    def ack(self, ack_id: str) -> int | None:
        """The message that is thereby done with; None if the lease had ended."""
        lease = self._end(ack_id)
        if lease is None:
            self.counts.late += 1
            return None
        self.counts.acked += 1
        self.forget(lease.message)
        return lease.message

    def extend(self, ack_id: str, until: float) -> None:
        """The lease now ends at `until`; nothing if it had ended."""
        lease = self._leases.get(ack_id)
        if lease is None:
            self.counts.late += 1
            return
        self.counts.extended += 1
        lease.until = until
        heapq.heappush(self._ends, (until, ack_id))

    def nack(self, ack_id: str) -> Lease | None:
        """The failed delivery, which the caller must retry or forget; None if the lease had ended."""
        lease = self._end(ack_id)
        if lease is None:
            self.counts.late += 1
            return None
        self.counts.nacked += 1
        return self._failed(lease)

    def expire(self, now: float) -> list[Lease]:
        """The deliveries whose lease ended by `now`, which the caller must retry or forget."""
        failed = []
        while self._ends and self._ends[0][0] <= now:
            _, ack_id = heapq.heappop(self._ends)
            lease = self._leases.get(ack_id)
            if lease and lease.until <= now:
                self._end(ack_id)
                self.counts.expired += 1
                failed.append(self._failed(lease))
        return failed

    def retry(self, message: int, at: float, now: float, *, first: bool = False) -> None:
        """A failed message becomes deliverable again at `at`; if that is now, as the `first` or as the last one."""
        if at > now:
            heapq.heappush(self._resting, (at, message))
        elif first:
            self._waiting.appendleft(message)
        else:
            self._waiting.append(message)

    def wake(self, now: float) -> int:
        """Let the messages wait whose rest is over by `now`; how many."""
        woken = 0
        while self._resting and self._resting[0][0] <= now:
            self._waiting.append(heapq.heappop(self._resting)[1])
            woken += 1
        return woken

    def forget(self, message: int) -> None:
        """The message is done with; the next one of its ordering key comes forward."""
        self._failures.pop(message, None)
        key = self._front_key.pop(message, None)
        if key is None:
            return
        lane = self._lanes[key]
        if not lane:
            del self._lanes[key]
            return
        self._in_lanes -= 1
        front = lane.popleft()
        self._front_key[front] = key
        self._waiting.append(front)

    def drop(self, lease: Lease) -> None:
        """A leased message turned out to have no body left: its retention is over."""
        if self._end(lease.ack_id):
            self.forget(lease.message)

    def clear(self) -> None:
        """Forget every message and end every lease."""
        for ack_id in list(self._leases):
            self._end(ack_id)
        for container in (self._waiting, self._resting, self._ends, self._failures, self._front_key, self._lanes):
            container.clear()
        self._in_lanes = 0

    def _end(self, ack_id: str) -> Lease | None:
        lease = self._leases.pop(ack_id, None)
        if lease:
            lease.flow.freed(lease.size)
        return lease

    def _failed(self, lease: Lease) -> Lease:
        lease.failures += 1
        self._failures[lease.message] = lease.failures
        return lease
