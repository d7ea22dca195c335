"""The subscription by which a front hears of every song: its own, made when it starts and removed when it ends."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress

from klio.events import pubsub
from klio_core.errors import KlioError
from klio_core.names import Resource, parse_resource
from klio_core.status import Status, records_in

log = logging.getLogger("klio.separator.web")
_PULL_S = 5.0
_MOST = 500
_AGAIN_S = 0.5
# A front that dies leaves its subscription behind: it keeps records for ten minutes, and itself for a day.
_MADE_AS = {
    "ack_deadline_seconds": 10,
    "message_retention_duration": {"seconds": 600},
    "expiration_policy": {"ttl": {"seconds": 86_400}},
}


class Listener:
    """Hands on every record of a topic, in one thread of its own.

    `begin` is called when the subscription is there, before the first record: what was told earlier must be found out
    otherwise. Where the service is away, everything begins anew when it is back.
    """

    def __init__(self, topic: str, begin: Callable[[], None], take: Callable[[Status], None]) -> None:
        self._topic, self._begin, self._take = topic, begin, take
        self.name = f"web-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        """What this listener is called among all fronts, and workers."""
        self.path = _subscription(topic, self.name)
        self.trouble: KlioError | None = None
        """What stands in the way of hearing anything, None where nothing does."""
        self.hears = threading.Event()
        self._ending = threading.Event()
        self._subscription: pubsub.Subscription | None = None
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End, and remove the subscription."""
        self._ending.set()
        if self._subscription is not None:
            self._subscription.close()
        self._thread.join(2 * _PULL_S)
        with suppress(KlioError):  # it expires by itself
            pubsub.remove_subscription(self.path)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._listen()
            except KlioError as error:
                self._fell_silent(error)
            except Exception as error:  # a bug: a front that shows old states for ever would be worse
                log.exception("songs cannot be followed")
                self._fell_silent(KlioError("something in this front broke", got=type(error).__name__))

    def _fell_silent(self, error: KlioError) -> None:
        if not self._ending.is_set() and str(error) != str(self.trouble):
            log.warning("songs cannot be followed: %s", error)
        self.trouble = error
        self.hears.clear()
        self._ending.wait(_AGAIN_S)

    def _listen(self) -> None:
        pubsub.check_topic(self._topic)
        pubsub.ensure_subscription(self.path, self._topic, **_MADE_AS)
        subscription = self._subscription = pubsub.Subscription(self.path)
        try:
            self._begin()
            self.trouble = None
            self.hears.set()
            while not self._ending.is_set():
                self._pull(subscription)
        finally:
            subscription.close()

    def _pull(self, subscription: pubsub.Subscription) -> None:
        came = subscription.pull(_MOST, _PULL_S)
        if came is None:
            self._ending.wait(_AGAIN_S)
            return
        for leased in came:
            for record in records_in(leased.data):
                self._take(record)
        if came:
            subscription.ack([leased.ack_id for leased in came])


def _subscription(topic: str, name: str) -> str:
    resource = parse_resource(topic)
    return str(Resource(resource.project, "subscriptions", f"{resource.name}-{name}"))
