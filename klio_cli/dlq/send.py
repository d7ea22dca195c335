"""Sends the messages of letters again, and removes each letter when its message is where it is to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli.dlq import replay
from klio_cli.dlq.select import counted
from klio_cli.lines import printable
from klio_core.errors import EventError
from klio_core.names import parse_resource, subscription_for

if TYPE_CHECKING:
    from klio_cli.dlq.box import Box, Held
    from klio_cli.pubsub import PubSub
    from klio_cli.terminal import Terminal
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation

ALL_SENT = 0
NOT_ALL_SENT = 1
_TOGETHER = 500
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what a box of a job's letters holds; `agreed` is asked before anything is done."""

    terminal: Terminal
    box: Box
    config: KlioConfig
    job: Invocation
    agreed: Callable[[str], bool]

    def to_topics(self, letters: Sequence[Held], topic: str | None, *, force: bool) -> int:
        """Publish each message to `topic`, or where it came from. Answers the exit status."""
        given = None if topic is None else str(parse_resource(topic))
        ask = cache(self._topic_of)
        found = replay.sendings(letters, lambda one: given or replay.destination(one, self.config, ask), force=force)
        by_topic = {name: list(some) for name, some in groupby(found, key=lambda one: one.topic)}
        if not self.agreed("\n".join(f"{_messages(len(some))} to {name}" for name, some in by_topic.items())):
            return ALL_SENT
        with self._connected() as pubsub:
            for name in by_topic:
                self._require(pubsub, name)
            removed = sum(self._publish(pubsub, name, some) for name, some in by_topic.items())
        self.terminal.say(f"Sent again what {counted(removed)} held, and removed {'it' if removed == 1 else 'them'}")
        return ALL_SENT if removed == len(letters) else NOT_ALL_SENT

    def to_file(self, letters: Sequence[Held], path: Path) -> int:
        """Write the elements to a new file, a line for each. Answers the exit status."""
        lines = replay.lines_of(letters)
        number = len(lines.splitlines())
        if self.agreed(f"{number} element{'' if number == 1 else 's'} to {path}"):
            replay.write(path, lines)
            self.box.remove(letters)
            self.terminal.say(f"Wrote {path}, and removed {counted(len(letters))}")
            self.terminal.note(replay.how_to_read(self.config, path))
        return ALL_SENT

    def _connected(self) -> AbstractContextManager[PubSub]:
        from klio_cli import local_cloud
        from klio_cli.pubsub import connect

        return connect(local_cloud.of(self.job))

    def _topic_of(self, subscription: str) -> str:
        with self._connected() as pubsub:
            return pubsub.topic_of(subscription)

    def _require(self, pubsub: PubSub, topic: str) -> None:
        """On the local cloud, make the topic, and the subscription by which the job reads it: else it is lost."""
        if self.job.local:
            pubsub.make_topic(topic)
            for entry in self.config.job_config.events.inputs:
                if entry.type == "pubsub" and entry.topic == topic:
                    name = entry.subscription or subscription_for(topic, self.config.job_name)
                    pubsub.make_subscription(name, topic)
        pubsub.require_topic(topic)

    def _publish(self, pubsub: PubSub, topic: str, sendings: Sequence[replay.Sending]) -> int:
        """Publish, some at a time, and remove the letters of those that Pub/Sub has taken. Answers how many."""
        removed, failed = 0, list[str]()
        with self.terminal.progress("sending", len(sendings)) as advance:
            for start in range(0, len(sendings), _TOGETHER):
                some = sendings[start : start + _TOGETHER]
                results = pubsub.publish(topic, [one.body for one in some], advance)
                pairs = list(zip(some, results, strict=True))
                taken = [held for one, got in pairs if isinstance(got, str) for held in one.letters]
                self.box.remove(taken)
                removed += len(taken)
                failed += [_failed(one, got) for one, got in pairs if isinstance(got, EventError)]
        if failed:
            more = [f"  and {len(failed) - _SHOWN} more"] if len(failed) > _SHOWN else []
            said = f"{len(failed)} of {_messages(len(sendings))} were not sent, and their letters stay:"
            self.terminal.error("\n".join([said, *failed[:_SHOWN], *more]))
        return removed


def _messages(number: int) -> str:
    return f"{number} message{'' if number == 1 else 's'}"


def _failed(sending: replay.Sending, error: EventError) -> str:
    elements = ", ".join(printable(held.letter.element) for held in sending.letters)
    return f"  {elements}: {error.what}: {error.got or error.where}"
