"""The whole framework on one page: read, gate, run, write, and what is counted on the way."""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam import PCollection, Pipeline

from klio.context import KlioContext
from klio.events.read import format_of, has_lines, read_events, source_of, timed
from klio.events.write import write_events
from klio.transforms.gating import PASS_ON, Decide
from klio.transforms.policy import policy_of
from klio_core.errors import JobCodeError
from klio_core.status import State
from klio_exec import contract
from klio_exec.first import First
from klio_exec.load import call_run, directory_of


def build(pipeline: Pipeline, context: KlioContext, run: Callable[[Any, Any], Any], limit: int | None = None) -> None:
    """Draw a job: each event input is read and gated, the author's run() works, every event output is written.

    What the gate passes on goes round the author's code. Of a batch, the first `limit` messages are all. Raises
    JobCodeError where run() breaks its contract, or where `job_config.retry` names an exception that is not there.
    """
    config = context.config
    policy_of(context)  # what it names must be there before the first event is read
    first = [] if limit is None or context.streaming else [First(limit)]
    arrived, passed_on = _arrive(pipeline, context, first)
    done = call_run(run, arrived, config)
    contract.check(pipeline, directory_of(run))
    outputs = [entry for entry in config.job_config.events.outputs if not entry.skip_klio_write]
    if not isinstance(done, PCollection):
        if outputs or done is not None:
            raise _wrong_return(run, done)
        context.status.unseen = True
        parts = []
    else:
        parts = [("done", State.COMMITTED, done)]
    parts += [(f"passed on {number}", State.PASSED_ON, part) for number, part in enumerate(passed_on)]
    for number, entry in enumerate(outputs or [None]):
        if parts:
            write_events(parts, entry, context, f"Write {entry.type} {number}" if entry else "Done")


def _arrive(pipeline: Pipeline, context: KlioContext, first: Sequence[beam.DoFn]) -> tuple[Any, list[Any]]:
    """Answer what run() gets, and the messages that go round it.

    One event input is a PCollection, several are a namedtuple of them: `file0`, `pubsub1`, or the input's `name`.
    """
    entries = context.config.job_config.events.inputs
    arrived: dict[str, Any] = {}
    passed_on = []
    for number, entry in enumerate(entries):
        name = entry.name or f"{entry.type}{number}"
        if entry.skip_klio_read:
            arrived[name] = pipeline
            continue
        lines = has_lines(entry) and not first
        events = read_events(pipeline, entry, context.config.job_name, f"Read {name}", as_lines=lines)
        for filtering in first:
            events |= f"First {name}" >> beam.ParDo(filtering)
        gate = Decide(context, format_of(entry), source_of(entry), timed=timed(entry), lines=lines)
        gated = events | f"Decide {name}" >> gate
        arrived[name] = gated.process
        passed_on.append(gated[PASS_ON])
    if not arrived:
        return pipeline, []
    if len(arrived) == 1:
        return next(iter(arrived.values())), passed_on
    return namedtuple("MultiInputPCollTuple", arrived)(**arrived), passed_on  # noqa: PYI024  (fields are the job's)


def _wrong_return(run: Any, done: Any) -> JobCodeError:
    return JobCodeError(
        "run() returned no PCollection",
        where=str(contract.returns_at(run)) if inspect.isfunction(run) else repr(run),
        expected="the PCollection of the last transform, whose messages are written to events.outputs",
        got=repr(done),
        todo="end run() with `return in_pcol | beam.ParDo(…)`",
    )
