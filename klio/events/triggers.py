"""Triggers: the events that ask parents for what is missing, sent as a bundle and never twice too soon."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path

import apache_beam as beam

from klio.context import KlioContext
from klio.events import pubsub
from klio.parents import OnTheWay, visits
from klio_core.mail import post
from klio_core.message import Message
from klio_core.names import is_topic

Trigger = tuple[str, bytes]  # the place where the parent is asked, and the encoded message


class PublishTriggers(beam.DoFn):
    """Sends triggers to topics at once, and waits for all of a bundle before the bundle ends.

    Those for a directory (a batch job's) are posted there when the bundle ends.
    """

    def __init__(self, context: KlioContext) -> None:
        self._context = context

    def start_bundle(self) -> None:
        """Begin with nothing sent."""
        self._sent: dict[Hashable, tuple[str, Future[str]]] = {}
        self._posted: dict[Hashable, Trigger] = {}

    def process(self, trigger: Trigger) -> Iterator[Trigger]:
        """Send one trigger, unless the same is on its way; nothing comes after."""
        place, raw = trigger
        what = _what(place, Message.decode(raw), self._context)
        if what in self._sent or what in self._posted or what in self._on_the_way():
            return iter(())
        if is_topic(place):
            self._sent[what] = (place, pubsub.publish(place, raw))
        else:
            self._posted[what] = trigger
        return iter(())

    def finish_bundle(self) -> None:
        """Wait for the service, and post the others; only what has been taken is on its way."""
        for what, (topic, future) in self._sent.items():
            pubsub.wait_for(topic, [future])
            self._on_the_way().add(what)
        self._sent = {}
        for place in {place for place, _ in self._posted.values()}:
            post(Path(place), [raw for there, raw in self._posted.values() if there == place])
        for what in self._posted:
            self._on_the_way().add(what)
        self._posted = {}

    def _on_the_way(self) -> OnTheWay:
        return _of_job(self._context.job.job_name, self._context.config.job_config.trigger_ttl_s)


def publish_triggers(context: KlioContext, triggers: Sequence[Trigger]) -> None:
    """Send triggers, and wait until the service has them. Raises EventError."""
    publisher = PublishTriggers(context)
    publisher.start_bundle()
    for trigger in triggers:
        publisher.process(trigger)
    publisher.finish_bundle()


def _what(place: str, message: Message, context: KlioContext) -> Hashable:
    # A message that came back without its input may ask again: then it has been with us once more. Two messages about
    # one element with two payloads are two pieces of work: each comes back by a trigger of its own.
    return place, message.element, message.payload, message.recipients, visits(message, context.job)


@cache
def _of_job(_job_name: str, ttl_s: float) -> OnTheWay:
    """One memory for all transforms of a job in this process."""
    return OnTheWay(ttl_s)
