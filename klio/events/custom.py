"""Events of the author's own kind: what a class named in the job file answers, so that klio reads and writes by it."""

from __future__ import annotations

from typing import Any, Protocol

import apache_beam as beam

from klio.dotted import made


class ReadsEvents(Protocol):
    """Reads events. It is made with the options of its entry in the job file, by keyword."""

    def read(self, pipeline: Any) -> Any:
        """Answer a PCollection of bytes, each an encoded klio message; with `format: raw`, each an element.

        `pipeline` is the Pipeline that the job is drawn in; it may be used more than once, each time by a new label.
        A streaming job on this machine is driven by the subscriptions of Pub/Sub that are read in it: begin there
        with `beam.io.ReadFromPubSub(subscription=…)`, and anything else is read again for each batch of messages.
        """
        ...


class WritesEvents(Protocol):
    """Writes events. It is made with the options of its entry in the job file, by keyword."""

    def write(self, messages: Any) -> Any:
        """Write a PCollection of bytes, each an encoded klio message as it leaves the job.

        What it answers is not used. A message may come again when its work is repeated.
        """
        ...


class ReadByAuthor(beam.PTransform):
    """Reads by the class at a dotted path. Raises JobCodeError where there is none, or it lacks `read`."""

    def __init__(self, path: str, options: dict[str, Any]) -> None:
        super().__init__()
        self._reads: ReadsEvents = made(path, options, ReadsEvents)

    def expand(self, pipeline: Any) -> Any:
        """Draw the reader."""
        return self._reads.read(pipeline)


class WriteByAuthor(beam.PTransform):
    """Writes by the class at a dotted path. Raises JobCodeError where there is none, or it lacks `write`."""

    def __init__(self, path: str, options: dict[str, Any]) -> None:
        super().__init__()
        self._writes: WritesEvents = made(path, options, WritesEvents)

    def expand(self, messages: Any) -> Any:
        """Draw the writer."""
        return self._writes.write(messages)
