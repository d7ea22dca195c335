"""Transforms that look at messages and change nothing of the work: counting, logging, stopping, the audit log."""

from __future__ import annotations

import logging
import pdb
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam

from klio.metrics.counts import DROPPED_BY_RUN, count_verdict
from klio.transforms.decorators import set_klio_context
from klio.transforms.step import Results, Step
from klio_core.decision import Action, Verdict
from klio_core.message import Message, Visit
from klio_core.status import State

log = logging.getLogger("klio")
_DROPPED = Verdict(Action.DROP, DROPPED_BY_RUN)


class KlioMessageCounter(beam.DoFn):
    """Counts `kmsg-{suffix}` of the transform `bind_transform`, and passes everything on. A DoFn: use `beam.ParDo`."""

    def __init__(self, suffix: str, bind_transform: str) -> None:
        self._name = f"kmsg-{suffix}"
        self._transform = bind_transform

    @set_klio_context
    def process(self, item: Any) -> Iterator[Any]:
        """Yield the item."""
        self._klio.metrics.counter(self._name, transform=self._transform).inc()
        yield item


class KlioDrop(Step):
    """Ends the way of each message here: logged, counted, recorded as dropped."""

    def work(self, message: Message) -> Results:
        """Yield nothing."""
        log.info("%r is dropped by run()", message.element)
        self.count("kmsg-drop")
        count_verdict(_DROPPED)
        self._klio.status.tell(message.element, State.DROPPED, _DROPPED.reason)
        return iter(())


class KlioUpdateAuditLog(Step):
    """Adds this job to each message's audit log. klioexec has done so for messages that it read."""

    def work(self, message: Message) -> Results:
        """Yield the message with one more visit."""
        visited = message.with_visit(Visit(datetime.now(UTC), self._klio.job))
        path = " -> ".join(str(visit.job) for visit in visited.audit_log)
        log.debug("%r came by %s (current job)", message.element, path)
        yield visited


class KlioAckInputMessage(beam.DoFn):
    """Passes everything on. Runners acknowledge an event when its outputs are written; nothing is left to do here."""

    def setup(self) -> None:
        """Say so once."""
        log.info("KlioAckInputMessage does nothing: the runner acknowledges an event when its outputs are written")

    def process(self, item: Any) -> Iterator[Any]:
        """Yield the item."""
        yield item


class _Show(Step):
    def __init__(self, prefix: str, level: int) -> None:
        self._prefix = prefix
        self._level = level

    def work(self, message: Message) -> Results:
        """Log the message, and yield it."""
        log.log(self._level, "%s%r", self._prefix, message)
        yield message


class KlioDebugMessage(beam.PTransform):
    """Logs each message, without its payload, and passes it on. `log_level` is a name or a number.

    Raises ValueError for a level that there is not.
    """

    def __init__(self, prefix: str = "DEBUG: ", log_level: str | int = "INFO") -> None:
        super().__init__()
        self._prefix = prefix
        self._level = level_of(log_level)

    def expand(self, pcoll: Any) -> Any:
        """Draw it."""
        counted = pcoll | "Count" >> beam.ParDo(KlioMessageCounter("debug", type(self).__name__))
        return counted | "Log" >> _Show(self._prefix, self._level)


class _Trace(beam.DoFn):
    def process(self, item: Any) -> Iterator[Any]:
        pdb.set_trace()
        yield item


class KlioSetTrace(beam.PTransform):
    """Starts Python's debugger at each message; for the direct runner."""

    def expand(self, pcoll: Any) -> Any:
        """Draw it."""
        return pcoll | "Stop" >> beam.ParDo(_Trace())


def level_of(level: str | int) -> int:
    """Answer the number of a level of the log. Raises ValueError for a name that there is not."""
    number = logging.getLevelNamesMapping().get(level.upper()) if isinstance(level, str) else level
    if number is None:
        raise ValueError(f"log_level: one of {', '.join(logging.getLevelNamesMapping())}, got {level!r}")
    return number
