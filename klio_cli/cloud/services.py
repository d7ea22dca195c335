"""Pub/Sub and Cloud Storage as one thing, for those who look after a job's resources of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from klio_core.needs import Kind, Need

if TYPE_CHECKING:
    from klio_cli.objects import Objects
    from klio_cli.pubsub import PubSub


class Services:
    """The connections that some needs take. Everything raises CloudError where a service refuses."""

    def __init__(self, pubsub: PubSub | None, objects: Objects | None) -> None:
        self._pubsub = pubsub
        self._objects = objects

    def find(self, need: Need) -> dict[str, Any] | None:
        """Answer what there is under the name, None where there is nothing."""
        if need.kind is Kind.BUCKET:
            return {} if self.objects.has(need.name) else None
        return self.pubsub.find(need.name)

    def allowed(self, need: Need) -> set[str]:
        """Answer which of its rights this account has."""
        if need.kind is Kind.BUCKET:
            return self.objects.allowed(need.name, sorted(need.rights))
        return self.pubsub.allowed(need.name, sorted(need.rights))

    def make(self, need: Need, location: str) -> None:
        """Create it; a bucket in `location`."""
        if need.kind is Kind.TOPIC:
            self.pubsub.make_topic(need.name)
        elif need.kind is Kind.SUBSCRIPTION:
            settings = dict(need.made_as)
            self.pubsub.make_subscription(need.name, settings.pop("topic"), **settings)
        else:
            self.objects.make_bucket(need.name, location)

    @property
    def pubsub(self) -> PubSub:
        """Pub/Sub, which one of the needs was of."""
        assert self._pubsub is not None
        return self._pubsub

    @property
    def objects(self) -> Objects:
        """Cloud Storage, which one of the needs was of."""
        assert self._objects is not None
        return self._objects


@contextmanager
def connected(needs: Iterable[Need], pubsub_host: str | None, objects_url: str | None) -> Iterator[Services]:
    """Open what these needs take: at those addresses (the local cloud), or, where they are None, Google's.

    Raises EngineError where Google's clients are not installed, CloudError where there are no credentials.
    """
    from klio_cli.objects import Objects
    from klio_cli.pubsub import connect

    kinds = {need.kind for need in needs}
    with ExitStack() as stack:
        pubsub = stack.enter_context(connect(pubsub_host)) if kinds - {Kind.BUCKET} else None
        objects = stack.enter_context(Objects.at(objects_url)) if Kind.BUCKET in kinds else None
        yield Services(pubsub, objects)
