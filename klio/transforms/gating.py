"""The gate as a step of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows, TimestampedValue
from apache_beam.utils.windowed_value import WindowedValue

from klio.context import KlioContext
from klio.data.absent import absent_in
from klio.events.lines import messages_of
from klio.events.text import KlioReadFromText
from klio.events.triggers import PublishTriggers
from klio.gate import Decision, Gate
from klio.metrics.counts import READ, count, count_verdicts
from klio_core.dead_letter import Failure
from klio_core.decision import Action
from klio_core.message import Decided, Format, Message

PASS_ON = "pass-on"  # noqa: S105  (no password)
TRIGGER = "trigger"
Onward = tuple[int, str | None, Any]
"""Something that goes on: the number of the message that it is of, the output, and the bytes."""


class Decide(beam.PTransform):
    """Applies a job's rules to each event. Answers the messages to `process` (main output) and those to `pass-on`.

    Drops are counted and told, messages that cannot be worked on become dead letters, both right here. `timed` says
    that the events have a time or a window of their own, `lines` that they come as lists of lines.
    """

    def __init__(
        self, context: KlioContext, fmt: Format, source: str = "", *, timed: bool = True, lines: bool = False
    ) -> None:
        super().__init__()
        self._context = context
        self._fmt = fmt
        self._source = source
        self._timed = timed
        self._lines = lines

    def expand(self, events: Any) -> Any:
        """Draw the gate."""
        gate = Gate(self._context.config, self._context.job, self._fmt, self._source)
        decide = beam.ParDo(self._step(gate)(self._context, gate))
        decide = decide.with_outputs(PASS_ON, TRIGGER, main=Action.PROCESS.value)
        decided = events | decide
        if self._context.config.job_config.dependencies:
            decided[TRIGGER] | "Trigger parents" >> beam.ParDo(PublishTriggers(self._context))
        return decided

    def _step(self, gate: Gate) -> type[DecideOne]:
        if self._lines:
            return DecideLines
        if not gate.looks:
            return DecideOne
        return DecideInTime if self._timed else DecideTogether


class DecideOne(beam.DoFn):
    """For jobs whose rules ask no store: there is nothing to do together."""

    def __init__(self, context: KlioContext, gate: Gate) -> None:
        self._context = context
        self._gate = gate

    def process(self, raw: Any) -> Iterator[Any]:
        """Yield the message, where it goes on."""
        for _, tag, value in self._decided([self._gate.open(raw)]):
            yield _out(tag, value)

    def _decided(self, opened: list[Decision]) -> Iterator[Onward]:
        """Yield what goes on of each message, encoded just before it goes: so whoever is next need not parse it."""
        decisions = self._gate.settle(opened)
        count(READ, len(decisions))
        count_verdicts(decision.verdict for decision in decisions)
        for number, decision in enumerate(decisions):
            for tag, value in self._onward(decision):
                yield number, tag, value.encode() if isinstance(value, Message) else value

    def _onward(self, decision: Decision) -> list[tuple[str | None, Any]]:
        if decision.error is not None:
            self._context.bury(decision.raw, decision.message.element, Failure.of(decision.error), self._gate.source)
            return []
        action = decision.verdict.action
        if action is Action.PROCESS:
            if self._gate.looks:
                absent_in(self._context.run).note(decision.message.element, decision.absent)
            return [(None, decision.message)]
        self._gate.tell(decision, self._context.status)
        if action is Action.PASS_ON:
            # The reason goes along, for the record that the writer makes.
            mark = Decided(self._context.run, action, decision.verdict.reason)
            return [(PASS_ON, decision.message.with_decided(mark))]
        return [(TRIGGER, (parent.place, message.encode())) for parent, message in decision.triggers]


class DecideTogether(DecideOne):
    """Collects the messages of a bundle, so that the files of as many as is best are looked for together.

    For events without a time of their own, in the one window that there is: Beam takes 4 µs to say either of them.
    """

    def start_bundle(self) -> None:
        """Begin with nothing."""
        self._waiting: list[Decision] = []
        self._together = self._gate.together

    def process(self, raw: Any) -> Iterator[Any]:
        """Collect one message; decide when there are many."""
        self._waiting.append(self._gate.open(raw))
        return self._outs() if len(self._waiting) >= self._together else iter(())

    def finish_bundle(self) -> Iterator[Any]:
        """Decide what is left."""
        for _, tag, value in self._those_waiting():
            yield _out(tag, GlobalWindows.windowed_value(value))

    def _outs(self) -> Iterator[Any]:
        for _, tag, value in self._those_waiting():
            yield _out(tag, value)

    def _those_waiting(self) -> Iterator[Onward]:
        waiting, self._waiting = self._waiting, []
        return self._decided(waiting)


class DecideLines(DecideTogether):
    """The same for lists of lines, each of which becomes a message right here."""

    def process(self, raw: list[str | bytes]) -> Iterator[Any]:
        """Collect the messages; decide whenever there are many."""
        number = 0
        for message in messages_of(raw):
            number += 1
            self._waiting.append(self._gate.arrived(message.encode(), message))
            if len(self._waiting) >= self._together:
                yield from self._outs()
        self._context.metrics.counter("kmsg-read", transform=KlioReadFromText.__name__).inc(number)


class DecideInTime(DecideTogether):
    """The same for events that have a time and a window, which go on with them."""

    def start_bundle(self) -> None:
        """Begin with nothing."""
        super().start_bundle()
        self._when: list[tuple[Any, Any]] = []

    def process(
        self, raw: bytes, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> Iterator[Any]:
        """Collect one message; decide when there are many."""
        self._when.append((timestamp, window))
        return super().process(raw)

    def finish_bundle(self) -> Iterator[Any]:
        """Decide what is left."""
        when, self._when = self._when, []
        for number, tag, value in self._those_waiting():
            at, window = when[number]
            yield _out(tag, WindowedValue(value, at, (window,)))

    def _outs(self) -> Iterator[Any]:
        when, self._when = self._when, []
        for number, tag, value in self._those_waiting():
            yield _out(tag, TimestampedValue(value, when[number][0]))


def _out(tag: str | None, value: Any) -> Any:
    return value if tag is None else TaggedOutput(tag, value)
