"""Dead letters as messages of a topic, which only a subscription keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from klio_cli.dlq.box import Contents, Held, contents
from klio_core.dead_letter import subscription_to

if TYPE_CHECKING:
    from klio_cli.pubsub import PubSub

_MADE = "Made {}: what was published before cannot be seen. A run with --local makes it beforehand."
_LEASE_SECONDS = 600  # as long as somebody may think about an answer
_QUIET_SECONDS = 5.0
_QUIET_HERE_SECONDS = 0.5


class TopicBox:
    """The letters that wait in the job's own subscription: leased while the box is open, then given back."""

    def __init__(self, pubsub: PubSub, subscription: str, note: str, quiet: float) -> None:
        self._pubsub = pubsub
        self._subscription = subscription
        self._note = note
        self._quiet = quiet
        self._leased: set[str] = set()

    @classmethod
    @contextmanager
    def at(cls, pubsub: PubSub, topic: str, job_name: str, *, local: bool) -> Iterator[TopicBox]:
        """Open the box of a job's letters in `topic`; its subscription is made where it is not there."""
        is_new = local and pubsub.make_topic(topic)
        wanted = subscription_to(topic, job_name)
        subscription = wanted.pop("name")
        note = "" if is_new else _MADE.format(subscription)
        if not pubsub.make_subscription(subscription, **wanted):
            note = ""
        box = cls(pubsub, subscription, note, _QUIET_HERE_SECONDS if local else _QUIET_SECONDS)
        try:
            yield box
        finally:
            pubsub.lease(subscription, sorted(box._leased), 0)

    def read(self) -> Contents:
        """Answer the letters that nobody else has leased. Ends when no more have come for a while."""
        return contents(self._records(), self._note)

    def remove(self, letters: Sequence[Held]) -> None:
        """Acknowledge the letters; nobody sees them again."""
        ack_ids = [ack_id for held in letters for ack_id in held.records]
        self._pubsub.acknowledge(self._subscription, ack_ids)
        self._leased.difference_update(ack_ids)

    def _records(self) -> Iterator[tuple[str, str, bytes]]:
        while pulled := self._pubsub.pull(self._subscription, self._quiet):
            ack_ids = [ack_id for ack_id, _, _ in pulled]
            self._leased.update(ack_ids)
            self._pubsub.lease(self._subscription, ack_ids, _LEASE_SECONDS)
            yield from ((ack_id, f"message {message_id}", data) for ack_id, message_id, data in pulled)
