"""The gate as a step of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.windowed_value import WindowedValue

from klio.context import KlioContext
from klio.data.absent import absent_in
from klio.events.triggers import PublishTriggers
from klio.gate import Decision, Gate
from klio.metrics.counts import READ, count, count_verdict
from klio_core.dead_letter import Failure
from klio_core.decision import Action
from klio_core.message import Decided, Format

PASS_ON = "pass-on"  # noqa: S105  (no password)
TRIGGER = "trigger"
# So many messages are looked up together at most; what arrives in one bundle beyond that, in the next round.
_TOGETHER = 1000


class Decide(beam.PTransform):
    """Applies a job's rules to each event. Answers the messages to `process` (main output) and those to `pass-on`.

    Drops are counted and told, messages that cannot be worked on become dead letters, both right here.
    """

    def __init__(self, context: KlioContext, fmt: Format, source: str = "") -> None:
        super().__init__()
        self._context = context
        self._fmt = fmt
        self._source = source

    def expand(self, events: Any) -> Any:
        """Draw the gate."""
        gate = Gate(self._context.config, self._context.job, self._fmt, self._source)
        step = DecideTogether if gate.looks else DecideOne
        decide = beam.ParDo(step(self._context, gate)).with_outputs(PASS_ON, TRIGGER, main=Action.PROCESS.value)
        decided = events | decide
        if self._context.config.job_config.dependencies:
            decided[TRIGGER] | "Trigger parents" >> beam.ParDo(PublishTriggers(self._context))
        return decided


class DecideOne(beam.DoFn):
    """For jobs whose rules ask no store: there is nothing to do together."""

    def __init__(self, context: KlioContext, gate: Gate) -> None:
        self._context = context
        self._gate = gate

    def process(self, raw: bytes) -> Iterator[Any]:
        """Yield the message, where it goes on."""
        count(READ)
        for decision in self._gate.decide([raw]):
            for tag, encoded in self._onward(decision):
                yield encoded if tag is None else TaggedOutput(tag, encoded)

    def _onward(self, decision: Decision) -> Iterator[tuple[str | None, Any]]:
        if decision.error is not None:
            count_verdict(decision.verdict)
            self._context.bury(decision.raw, decision.message.element, Failure.of(decision.error), self._gate.source)
            return
        self._gate.tell(decision, self._context.status)
        if decision.verdict.action is Action.PROCESS:
            if self._gate.looks:
                absent_in(self._context.run).note(decision.message.element, decision.absent)
            yield None, decision.message.encode()
        elif decision.verdict.action is Action.PASS_ON:
            # The reason goes along, for the record that the writer makes.
            mark = Decided(self._context.run, decision.verdict.action, decision.verdict.reason)
            yield PASS_ON, decision.message.with_decided(mark).encode()
        for parent, message in decision.triggers:
            yield TRIGGER, (parent.place, message.encode())


class DecideTogether(DecideOne):
    """Collects the messages of a bundle, so that their files are looked for together."""

    def start_bundle(self) -> None:
        """Begin with nothing."""
        self._waiting: list[tuple[bytes, Any, Any]] = []

    def process(
        self, raw: bytes, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> Iterator[Any]:
        """Collect one message; decide when there are many."""
        count(READ)
        self._waiting.append((raw, timestamp, window))
        if len(self._waiting) >= _TOGETHER:
            for tag, encoded, at, _ in self._decided():
                value = TimestampedValue(encoded, at)
                yield value if tag is None else TaggedOutput(tag, value)

    def finish_bundle(self) -> Iterator[Any]:
        """Decide what is left."""
        for tag, encoded, at, window in self._decided():
            value = WindowedValue(encoded, at, (window,))
            yield value if tag is None else TaggedOutput(tag, value)

    def _decided(self) -> Iterator[tuple[str | None, Any, Any, Any]]:
        waiting, self._waiting = self._waiting, []
        decisions = self._gate.decide([raw for raw, _, _ in waiting])
        for decision, (_, at, window) in zip(decisions, waiting, strict=True):
            for tag, encoded in self._onward(decision):
                yield tag, encoded, at, window
