"""Triggers: the events that ask parents for what is missing, published as a bundle and never twice too soon."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Future
from functools import cache

import apache_beam as beam

from klio.context import KlioContext
from klio.events import pubsub
from klio.parents import OnTheWay, visits
from klio_core.message import Message

Trigger = tuple[str, bytes]  # the parent's input topic, and the encoded message


class PublishTriggers(beam.DoFn):
    """Publishes triggers at once, and waits for all of a bundle before the bundle ends."""

    def __init__(self, context: KlioContext) -> None:
        self._context = context

    def start_bundle(self) -> None:
        """Begin with nothing sent."""
        self._sent: dict[Hashable, tuple[str, Future[str]]] = {}

    def process(self, trigger: Trigger) -> Iterator[Trigger]:
        """Send one trigger, unless the same is on its way; nothing comes after."""
        topic, raw = trigger
        what = _what(topic, Message.decode(raw), self._context)
        if what not in self._sent and what not in self._on_the_way():
            self._sent[what] = (topic, pubsub.publish(topic, raw))
        return iter(())

    def finish_bundle(self) -> None:
        """Wait for the service; only what it has taken is on its way."""
        for what, (topic, future) in self._sent.items():
            pubsub.wait_for(topic, [future])
            self._on_the_way().add(what)
        self._sent = {}

    def _on_the_way(self) -> OnTheWay:
        return _of_job(self._context.job.job_name, self._context.config.job_config.trigger_ttl_s)


def publish_triggers(context: KlioContext, triggers: Sequence[Trigger]) -> None:
    """Publish triggers, and wait until the service has them. Raises EventError."""
    publisher = PublishTriggers(context)
    publisher.start_bundle()
    for trigger in triggers:
        publisher.process(trigger)
    publisher.finish_bundle()


def _what(topic: str, message: Message, context: KlioContext) -> Hashable:
    # A message that came back without its input may ask again: then it has been with us once more.
    return topic, message.element, message.recipients, visits(message, context.job)


@cache
def _of_job(_job_name: str, ttl_s: float) -> OnTheWay:
    """One memory for all transforms of a job in this process."""
    return OnTheWay(ttl_s)
