"""The box at a place, by the kind of the place; each brings in only what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from klio_cli.dlq.box import Box
    from klio_cli.dlq.place import Place
    from klio_core.invocation import Invocation


@contextmanager
def opened(place: Place, job: Invocation, job_name: str) -> Iterator[Box]:
    """Open the box at a place. Raises CloudError where a service does not answer."""
    from klio_cli import local_cloud

    if place.kind == "pubsub":
        from klio_cli.dlq.topic import TopicBox
        from klio_cli.pubsub import connect

        with connect(local_cloud.of(job)) as pubsub, TopicBox.at(pubsub, place.where, job_name, local=job.local) as box:
            yield box
    elif place.where.startswith("gs://"):
        from klio_cli.dlq.store import StoreBox
        from klio_cli.objects import Objects

        with Objects.at(local_cloud.objects_of(job)) as objects:
            yield StoreBox(objects, place.where)
    elif place.kind == "directory":
        from klio_cli.dlq.directory import DirectoryBox

        yield DirectoryBox(place.where)
    else:
        from klio_cli.dlq.file import FileBox

        yield FileBox(place.where)
