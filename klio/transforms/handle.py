"""The life of one message in one decorated callable: decode, decide, work, encode, and every way it can fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any

from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext, log
from klio.metrics.counts import count_verdict, count_work
from klio.transforms.yields import outgoing
from klio.work import Work
from klio_core.dead_letter import Failure
from klio_core.decision import PROCESS, Action, Verdict
from klio_core.errors import KlioError, LostLease, MessageError
from klio_core.message import Decided, Message
from klio_core.status import State

DROP = "drop"
Call = Callable[[Any], Any]
_SEVERAL = (GeneratorType, list, tuple, map, filter)


def handle(context: KlioContext, raw: bytes, call: Call, name: str, *, decides: bool = True) -> Iterator[Any]:
    """Yield the encoded messages that the author's `call(data)` makes of one incoming message.

    The rules are applied where the context says so, unless `decides` is False.

    Nothing that `call` raises leaves here, except what a stream can cure by delivering the message again, and what a
    unit test with no job bound wants to see. It is buried instead, and the original bytes go to the output `drop`.
    """
    metrics = context.metrics
    metrics.counter("kmsg-received", transform=name).inc()
    try:
        message, verdict = _decided(context, raw) if decides and context.decides else (_decoded(context, raw), PROCESS)
    except MessageError as error:
        yield from failed(context, raw, raw, error, name)
        return
    if verdict.action is Action.PASS_ON:
        yield message.encode()
    if verdict.action is not Action.PROCESS:
        return
    success = metrics.counter("kmsg-success", transform=name)
    for result in _work(context, message, raw, call, name):
        if not isinstance(result, TaggedOutput) or result.tag != DROP:
            success.inc()
        yield result


def _work(context: KlioContext, message: Message, raw: bytes, call: Call, name: str) -> Iterator[Any]:
    work = context.begin(message)
    context.status.tell(message.element, State.WORKING)
    try:
        yield from work.committed(_results(context, work, message, raw, call=call, name=name))
    except LostLease as error:
        if context.streaming:
            raise  # what is still ours comes again, finds the output, and is passed on
        log.warning("%s: our copy is dropped, another worker made the output first", error.what)
        count_verdict(Verdict(Action.DROP, error.reason))
        context.status.tell(message.element, State.DROPPED, error.reason)
    except Exception as error:  # noqa: BLE001  (the author's code may raise anything; nothing is swallowed)
        yield from failed(context, raw, message.element, error, name)
    finally:
        work.close()


def _results(context: KlioContext, work: Work, message: Message, raw: bytes, *, call: Call, name: str) -> Iterator[Any]:
    data = message.author_data()
    for value in _timed(context, work, call, data, name):
        try:
            encoded = _encoded(context, message, data, value)
        except MessageError as error:  # this yield is lost, the next ones are not
            yield from failed(context, raw, message.element, error, name)
        else:
            yield encoded


def _timed(context: KlioContext, work: Work, call: Call, data: Any, name: str) -> Iterator[Any]:
    """Yield the values of the author's code; the clock stands while others work on what was yielded."""
    spent = 0
    try:
        context.resume(work)
        start = time.perf_counter_ns()
        values = call(data)
        values = iter(values) if isinstance(values, _SEVERAL) else iter((values,))
        while True:
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                took = time.perf_counter_ns() - start
                spent += took
                context.status.worked(work.element, took / 1e9)
            yield value
            context.resume(work)
            start = time.perf_counter_ns()
    finally:
        context.resume(None)
        count_work(spent)
        context.metrics.timer("kmsg-timer", timer_unit=context.timer_unit, transform=name).update(spent)


def _encoded(context: KlioContext, message: Message, data: Any, value: Any) -> Any:
    tag = value.tag if isinstance(value, TaggedOutput) else None
    leaving = outgoing(message, data, value if tag is None else value.value)
    if leaving.element != message.element:
        context.status.rename(message.element, leaving.element)
    return leaving.encode() if tag is None else TaggedOutput(tag, leaving.encode())


def failed(context: KlioContext, raw: bytes, element: bytes, error: Exception, name: str) -> Iterator[Any]:
    """Bury a message that could not be worked on, and yield its bytes for the output `drop`.

    Raises the error instead where a stream can cure it by delivering the message again, or where a test wants it.
    """
    transient = isinstance(error, KlioError) and error.transient
    if context.raises or (transient and context.streaming):
        raise error
    context.metrics.counter("kmsg-drop-error", transform=name).inc()
    context.bury(raw, element, Failure.of(error))
    yield TaggedOutput(DROP, raw)


def _decoded(context: KlioContext, raw: bytes) -> Message:
    return Message.decode(raw, context.format)


def _decided(context: KlioContext, raw: bytes) -> tuple[Message, Verdict]:
    """Answer what this run's first decorated callable found for the message, or find it now and mark the message."""
    message = _decoded(context, raw)
    mark = message.decided
    if mark is not None and mark.run == context.run:
        return message, Verdict(Action(mark.action), mark.reason)
    (found,) = context.gate.decide([raw])
    if found.error is not None:
        raise found.error
    context.gate.tell(found, context.status)
    if found.triggers:
        from klio.events.triggers import publish_triggers  # brings Google's client, which few pipelines need here

        publish_triggers(context, [(parent.place, asking.encode()) for parent, asking in found.triggers])
    verdict = found.verdict
    return found.message.with_decided(Decided(context.run, verdict.action, verdict.reason)), verdict
