"""Asking a parent for what is missing, and writing events, as transforms that a job draws itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from klio.context import current
from klio.events.triggers import PublishTriggers
from klio.events.write import write_events
from klio.parents import asking
from klio.transforms.notes import KlioMessageCounter, level_of
from klio.transforms.step import Step
from klio_core.errors import JobCodeError
from klio_core.message import JobRef, Message
from klio_core.names import parse_resource
from klio_core.status import State

log = logging.getLogger("klio")


class _Ask(Step):
    def __init__(self, parent: JobRef, level: int | None) -> None:
        self._parent = parent
        self._level = level

    def work(self, message: Message) -> Iterator[Message]:
        """Yield the message that asks the parent; record that the element waits for it."""
        asked = asking(message, self._klio.job, self._parent).leaving()  # a payload in here is for the next transform
        if self._level is not None:
            log.log(self._level, "%s is asked for %r", self._parent, message.element)
        self._klio.metrics.counter("kmsg-trigger-upstream", transform=KlioTriggerUpstream.__name__).inc()
        self._klio.status.tell(message.element, State.QUEUED, f"asked {self._parent} for it")
        yield asked


class KlioTriggerUpstream(beam.PTransform):
    """Asks the job `upstream_job_name`, which reads `upstream_topic`, to make what is missing, for us alone.

    Feed it the output `not_found` of `KlioGcsCheckInputExists`; the message ends here and comes back from the parent.
    One that came top-down is top-down again when it is back, one that came bottom-up stays so. `log_level` None says
    nothing. `job_config.dependencies` does the same without any code. Raises UsageError for what is no topic's name.
    """

    def __init__(self, upstream_job_name: str, upstream_topic: str, log_level: str | int | None = "INFO") -> None:
        super().__init__()
        self._parent = JobRef(upstream_job_name, parse_resource(upstream_topic).project)
        self._topic = upstream_topic
        self._level = None if log_level is None else level_of(log_level)

    def expand(self, pcoll: Any) -> Any:
        """Draw it."""
        name, topic = self._parent.job_name, self._topic
        asked = pcoll | f"Update KlioMessage for Upstream {name}" >> _Ask(self._parent, self._level)
        pairs = asked | "Address" >> beam.Map(lambda raw: (topic, raw))
        return pairs | f"Publish KlioMessage to Upstream {name}" >> beam.ParDo(PublishTriggers(current()))


class KlioWriteToEventOutput(beam.PTransform):
    """Writes messages to the job's event output, as klioexec does with what run() returns.

    For outputs with `skip_klio_write: true`. Raises JobCodeError unless the job file has exactly one.
    """

    def expand(self, pcoll: Any) -> None:
        """Draw it; nothing comes after."""
        outputs = current().config.job_config.events.outputs
        if len(outputs) != 1:
            raise JobCodeError(
                "KlioWriteToEventOutput writes to the one event output of a job",
                where="job_config.events.outputs",
                expected="one output",
                got=str(len(outputs)),
            )
        counted = pcoll | "Count" >> beam.ParDo(KlioMessageCounter("output", type(self).__name__))
        write_events([("written", State.COMMITTED, counted)], outputs[0], current(), "Write")
