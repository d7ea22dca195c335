"""From the backlogs to the subscribers and back: leases, acknowledgements, failures."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from klio_exec.local.pubsub import schema, settings
from klio_exec.local.pubsub.backlog import Lease
from klio_exec.local.pubsub.bodies import Bodies
from klio_exec.local.pubsub.catalog import Catalog
from klio_exec.local.pubsub.clock import Clock
from klio_exec.local.pubsub.committer import Committer
from klio_exec.local.pubsub.dead_letters import dead_letter
from klio_exec.local.pubsub.errors import Refused, invalid, out_of_bounds
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.publishing import Publishing
from klio_exec.local.pubsub.subscription import Served

MAX_LEASE_S = 600
# Google's clients, sent here by PUBSUB_EMULATOR_HOST, refuse to receive more than gRPC's default of 4 MiB at once.
MAX_RESPONSE_BYTES = 3_500_000
_AT_A_TIME = 1_000  # messages in one response
_FORWARD_AGAIN_S = 10.0  # a dead letter that could not be forwarded is delivered again after this
_ACK_ID = re.compile(r"\d+-\d+-\d+-\d+")


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery as the subscriber sees it; `attempt` is 0 where the subscription has no dead letter policy."""

    ack_id: str
    body: bytes
    attempt: int


class Delivery:
    """Hands out messages and takes the answers. Raises Refused for what a client may not ask."""

    def __init__(
        self, catalog: Catalog, publishing: Publishing, committer: Committer, bodies: Bodies, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._publishing = publishing
        self._committer = committer
        self._bodies = bodies
        self._clock = clock
        self._forwards: set[asyncio.Task[None]] = set()

    async def take(self, served: Served, flow: Flow, lease_s: float) -> list[Delivered]:
        """What is there now and fits into the flow, each leased for `lease_s` seconds; perhaps nothing."""
        served.check_open()
        until = self._clock.steady() + lease_s
        leases = served.backlog.lease(min(flow.room, served.share(), _AT_A_TIME), until, flow)
        if not leases:
            return []
        try:
            budget = min(flow.room_bytes, MAX_RESPONSE_BYTES)
            bodies = await self._bodies.fetch([lease.message for lease in leases], budget)
        except BaseException:  # a client that hangs up while the disk is read cancels this
            served.backlog.give_back(leases)
            raise
        served.backlog.give_back(leases[len(bodies) :])
        counted = settings.max_attempts(served.settings) is not None
        return list(_sent(served, zip(leases, bodies, strict=False), counted=counted))

    async def acknowledge(self, served: Served, ack_ids: Iterable[str]) -> None:
        """Those messages are done with, on disk when this returns. Ids whose lease has ended are ignored.

        Google's service may honour a late acknowledgement; a client must not count on it, and here it cannot.
        """
        ids = _checked(ack_ids)
        done = [message for ack_id in ids if (message := served.backlog.ack(ack_id)) is not None]
        if done:
            served.wake()
            retain = served.settings.retain_acked_messages
            await self._committer.submit(schema.acknowledge(served.number, done, retain=retain))

    def modify(self, served: Served, ack_ids: Iterable[str], seconds: int) -> None:
        """The leases now end in `seconds`; zero gives the messages back at once as failed."""
        if not 0 <= seconds <= MAX_LEASE_S:
            raise out_of_bounds("ack_deadline_seconds", seconds, 0, MAX_LEASE_S)
        ids = _checked(ack_ids)
        if not seconds:
            self._failed(served, [lease for ack_id in ids if (lease := served.backlog.nack(ack_id))])
            return
        until = self._clock.steady() + seconds
        for ack_id in ids:
            served.backlog.extend(ack_id, until)

    def tick(self) -> None:
        """End the leases and rests that are over. To be called some ten times a second."""
        now = self._clock.steady()
        for served in self._catalog.all_served():
            # Nobody has refused them, and they have waited for longest.
            self._failed(served, served.backlog.expire(now)[::-1], first=True)
            if served.backlog.wake(now):
                served.wake()

    async def seek(self, served: Served, time_ns: int) -> None:
        """Everything published before the time counts as acknowledged, everything kept since as not; leases end."""
        served.check_open()
        retain = served.settings.retain_acked_messages
        await self._committer.submit(
            schema.seek(served.number, time_ns, retain=retain), lambda wanted: _reload(served, wanted)
        )

    def purge(self) -> None:
        """Forget what is older than its subscription's retention. To be called every few minutes."""
        for served in self._catalog.all_served():
            kept_s = served.settings.message_retention_duration.seconds
            before = int((self._clock.wall() - kept_s) * 1e9)
            self._committer.submit(schema.purge(served.number, before))

    async def settle(self) -> None:
        """Wait for the dead letters that are being forwarded."""
        await asyncio.gather(*self._forwards)

    def _failed(self, served: Served, leases: Sequence[Lease], *, first: bool = False) -> None:
        if not leases:
            return
        counts = [(lease.message, lease.failures) for lease in leases]
        self._committer.submit(schema.record_failures(served.number, counts))
        limit = settings.max_attempts(served.settings)
        now = self._clock.steady()
        for lease in leases:
            if limit and lease.failures >= limit:
                self._start_forward(served, lease)
            else:
                rest = settings.backoff_s(served.settings, lease.failures)
                served.backlog.retry(lease.message, now + rest, now, first=first)
        served.wake()

    def _start_forward(self, served: Served, lease: Lease) -> None:
        task = asyncio.create_task(self._forward(served, lease))
        self._forwards.add(task)
        task.add_done_callback(self._forwards.discard)

    async def _forward(self, served: Served, lease: Lease) -> None:
        """Publish to the dead letter topic and acknowledge here, in one commit; deliver again if that cannot be."""
        topic = served.settings.dead_letter_policy.dead_letter_topic
        [(message, body)] = await self._bodies.fetch([lease.message], 0)
        try:
            self._catalog.topic(topic)
            copies = [dead_letter(body, served.settings, lease.failures)] if body else []
            batch = self._publishing.batch(topic, copies)
            publish = schema.publish(batch.messages, batch.wanted)
            acknowledge = schema.acknowledge(served.number, [message], retain=False)
            self._committer.submit(publish, lambda _: batch.deliver(self._bodies))
            await self._committer.submit(acknowledge)
        except Refused:
            now = self._clock.steady()
            served.backlog.retry(message, now + _FORWARD_AGAIN_S, now)
            return
        served.backlog.counts.dead_lettered += 1
        served.backlog.forget(message)
        served.wake()


def _sent(
    served: Served, pairs: Iterable[tuple[Lease, tuple[int, bytes | None]]], *, counted: bool
) -> Iterable[Delivered]:
    for lease, (_, body) in pairs:
        if body is None:
            served.backlog.drop(lease)
            continue
        served.backlog.sized(lease, len(body))
        yield Delivered(lease.ack_id, body, lease.failures + 1 if counted else 0)


def _reload(served: Served, wanted: Iterable[schema.Wanted]) -> None:
    served.backlog.clear()
    for one in wanted:
        served.backlog.add(one.message, one.ordering_key, one.failures)
    served.wake()


def _checked(ack_ids: Iterable[str]) -> list[str]:
    ids = list(ack_ids)
    for ack_id in ids:
        if not _ACK_ID.fullmatch(ack_id):
            raise invalid(
                f"You have passed an invalid ack ID to the service (ack_id={ack_id[:80]}). "
                "Ack ids come with received messages and cannot be made up."
            )
    return ids
