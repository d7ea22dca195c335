"""A subscription that is being served: its settings, what it has to deliver, and who is waiting for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from klio_exec.local.pubsub import filters
from klio_exec.local.pubsub.backlog import Backlog
from klio_exec.local.pubsub.errors import detached, not_found
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.wire import pb


class Served:
    """One subscription. `number` is its key on disk; `deleted` tells its pullers to stop."""

    def __init__(self, number: int, settings: pb.Subscription, epoch: int) -> None:
        self.number = number
        self.settings = settings
        self.matches = filters.parse(settings.filter)
        self.backlog = Backlog(f"{epoch}-{number}", ordered=settings.enable_message_ordering)
        self.deleted = False
        self._pullers: set[Flow] = set()

    @property
    def name(self) -> str:
        """`projects/P/subscriptions/S`."""
        return str(self.settings.name)

    def check_open(self) -> None:
        """Refused when there is nothing to pull any more: deleted, or detached."""
        if self.deleted:
            raise not_found(self.name)
        if self.settings.detached:
            raise detached(self.name)

    @contextmanager
    def pulled_by(self, flow: Flow) -> Iterator[None]:
        """While this lasts, `flow.wake` is set whenever there may be something to lease."""
        self._pullers.add(flow)
        try:
            yield
        finally:
            self._pullers.discard(flow)

    def wake(self) -> None:
        """Tell every puller to look again."""
        for flow in self._pullers:
            flow.wake.set()

    def share(self) -> int:
        """How many messages one puller may take at a time, so that several on one subscription all get work."""
        return max(1, -(-self.backlog.ready // max(1, len(self._pullers))))

    def stats(self) -> dict[str, int]:
        """Counters since the start of the server, and what is pending and outstanding now."""
        backlog = self.backlog
        return {**asdict(backlog.counts), "pending": backlog.pending, "outstanding": backlog.outstanding}
