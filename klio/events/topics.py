"""Events as messages of Pub/Sub topics, by Beam's own transforms.

Under a streaming run on this machine the reader is fed by that run, which acknowledges an event only after its work.
What a job file names as an output is published by klio.events.write, which waits for the service.
"""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from klio.events.counted import counted_read, counted_write, unchanged


class KlioReadFromPubSub(beam.PTransform):
    """Answers what arrives at a topic or a subscription: the bytes as they are. The arguments are those of Beam's."""

    def __init__(
        self,
        topic: str | None = None,
        subscription: str | None = None,
        id_label: str | None = None,
        with_attributes: bool = False,  # noqa: FBT001, FBT002  (Beam's signature, which jobs call by position)
        timestamp_attribute: str | None = None,
    ) -> None:
        super().__init__()
        self._reader = beam.io.ReadFromPubSub(topic, subscription, id_label, with_attributes, timestamp_attribute)

    def expand(self, pipeline: Any) -> Any:
        """Draw the reader."""
        return pipeline | "Messages" >> self._reader | counted_read(self, unchanged)


class KlioWriteToPubSub(beam.PTransform):
    """Publishes messages to a topic: whole, with payload and audit log. The arguments are those of Beam's."""

    def __init__(
        self,
        topic: str,
        with_attributes: bool = False,  # noqa: FBT001, FBT002  (Beam's signature, which jobs call by position)
        id_label: str | None = None,
        timestamp_attribute: str | None = None,
    ) -> None:
        super().__init__()
        self._writer = beam.io.WriteToPubSub(topic, with_attributes, id_label, timestamp_attribute)

    def expand(self, messages: Any) -> Any:
        """Draw the writer."""
        return messages | counted_write(self, unchanged) | "Messages" >> self._writer
