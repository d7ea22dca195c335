"""The life of one message in one decorated callable: decode, decide, work, encode, and every way it can fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from types import GeneratorType
from typing import Any

from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext, log
from klio.data.absent import absent_in
from klio.data.disk_full import disk_full
from klio.metrics.cells import Cell, Cells
from klio.metrics.counts import WORK, count_verdict
from klio.transforms.limit import UNLIMITED
from klio.transforms.profile import slot
from klio.transforms.yields import outgoing
from klio.utils import ThreadLimiter
from klio.work import Work
from klio_core.dead_letter import Failure
from klio_core.decision import Action, Verdict
from klio_core.errors import KlioError, LostLease, MessageError, NativeCrash
from klio_core.message import Decided, Message
from klio_core.status import State

DROP = "drop"
Call = Callable[[Any], Any]
_SEVERAL = (GeneratorType, list, tuple, map, filter)
_RECEIVED, _SUCCESS, _TIMER, _WORK = range(4)
_now = time.perf_counter_ns


class Handler:
    """One decorated callable of one job. What is the same for all its messages is found once, here.

    The rules are applied where the context says so, unless `decides` is False. While the author's code runs it holds a
    slot of `limiter`.
    """

    def __init__(
        self, context: KlioContext, name: str, *, decides: bool = True, limiter: ThreadLimiter = UNLIMITED
    ) -> None:
        metrics = context.metrics
        self._context = context
        self._name = name
        self._status = context.status
        self._take, self._give = slot(limiter)
        self._decides = decides and context.decides
        self._format = context.format
        self._makes_files = bool(context.media[1])
        self._timer = metrics.timer("kmsg-timer", timer_unit=context.timer_unit, transform=name)
        received, success = (metrics.counter(f"kmsg-{what}", transform=name) for what in ("received", "success"))
        self._cells = Cells(received, success, self._timer, WORK)

    def handle(self, raw: bytes, call: Call) -> Iterator[Any]:
        """Answer the encoded messages that the author's `call(data)` makes of one incoming message.

        Nothing that `call` raises leaves here, except what a stream can cure by delivering the message again, and
        what a unit test with no job bound wants to see. It is buried instead, and the original bytes go to the output
        `drop`.
        """
        cells = self._cells.here()
        cells[_RECEIVED].update(1)
        try:
            message = Message.decode(raw, self._format)
            if self._decides:
                message, action = self._decided(message, raw)
                if action is not Action.PROCESS:
                    return iter((message.encode(),) if action is Action.PASS_ON else ())
        except MessageError as error:
            return iter((failed(self._context, raw, raw, error, self._name),))
        return self._work(message, raw, call, cells)

    def _work(self, message: Message, raw: bytes, call: Call, cells: tuple[Cell, ...]) -> Iterator[Any]:
        context, status, element = self._context, self._status, message.element
        work = context.begin(message)
        status.tell(element, State.WORKING)
        success = cells[_SUCCESS]
        try:
            results: Iterable[Any] = self._results(work, message, raw, call, cells)
            if self._makes_files:
                if message.force:  # the gate has not looked, so whatever is there may be replaced, and nothing later
                    work.expect_outputs()
                results = work.committed(results)
            for result in results:
                if type(result) is bytes or result.tag != DROP:
                    success.update(1)
                yield result
        except LostLease as error:
            if context.streaming:
                raise  # what is still ours comes again, finds the output, and is passed on
            log.warning("%s: our copy is dropped, another worker made the output first", error.what)
            count_verdict(Verdict(Action.DROP, error.reason))
            status.tell(element, State.DROPPED, error.reason)
        except SystemExit as error:  # sys.exit() is meant for a program of its own: here it would end a bundle
            ended = NativeCrash("the code asked its process to end", where=self._name, got=repr(error))
            yield failed(context, raw, element, ended.with_traceback(error.__traceback__), self._name)
        except Exception as error:  # noqa: BLE001  (the author's code may raise anything; nothing is swallowed)
            yield failed(context, raw, element, error, self._name)
        finally:
            work.close()

    def _results(self, work: Work, message: Message, raw: bytes, call: Call, cells: tuple[Cell, ...]) -> Iterator[Any]:
        """Yield what leaves for each value of the author's code.

        While it runs it holds a slot, and the clock goes; not while others work on what it yielded.
        """
        thread, status, data = self._context.thread, self._status, message.author_data()
        take, give = self._take, self._give
        spent = took = 0
        take()
        thread.work = work
        start = _now()
        try:
            values = call(data)
            for value in values if isinstance(values, _SEVERAL) else (values,):
                took, start = _now() - start, 0  # 0: the clock stands, and the slot is free
                give()
                spent += took
                status.worked(work.element, took)
                yield self._leaving(message, data, value, raw)
                take()
                thread.work = work
                start = _now()
        finally:
            if start:
                took = _now() - start
                give()
                spent += took
                status.worked(work.element, took)
            thread.work = None
            cells[_WORK].update(spent)
            cells[_TIMER].update(self._timer.in_unit(spent))

    def _leaving(self, message: Message, data: Any, value: Any, raw: bytes) -> Any:
        tag = value.tag if isinstance(value, TaggedOutput) else None
        try:
            leaving = outgoing(message, data, value if tag is None else value.value)
        except MessageError as error:  # this value is lost, the next ones are not
            return failed(self._context, raw, message.element, error, self._name)
        if leaving is not message and leaving.element != message.element:
            self._status.rename(message.element, leaving.element)
        return leaving.encode() if tag is None else TaggedOutput(tag, leaving.encode())

    def _decided(self, message: Message, raw: bytes) -> tuple[Message, Action]:
        """Answer what this run's first decorated callable found for the message, or find it and mark the message."""
        context = self._context
        mark = message.decided
        if mark is not None and mark.run == context.run:
            return message, Action(mark.action)
        (found,) = context.gate.decide([raw])
        if found.error is not None:
            raise found.error
        count_verdict(found.verdict)
        context.gate.tell(found, context.status)
        if found.triggers:
            from klio.events.triggers import publish_triggers  # brings Google's client, which few pipelines need here

            publish_triggers(context, [(parent.place, asking.encode()) for parent, asking in found.triggers])
        verdict = found.verdict
        if verdict.action is Action.PROCESS:
            absent_in(context.run).note(found.message.element, found.absent)
        return found.message.with_decided(Decided(context.run, verdict.action, verdict.reason)), verdict.action


def failed(context: KlioContext, raw: bytes, element: bytes, error: Exception, name: str) -> TaggedOutput:
    """Bury a message that could not be worked on. Answers its bytes for the output `drop`.

    Raises the error instead where a stream can cure it by delivering the message again, where the disk is full, or
    where a test wants it.
    """
    if context.raises:
        raise error
    if full := disk_full(error):
        raise full  # in a batch, too: all elements behind this one would fail in the same way
    if isinstance(error, KlioError) and error.transient and context.streaming:
        raise error
    context.metrics.counter("kmsg-drop-error", transform=name).inc()
    context.bury(raw, element, Failure.of(error))
    return TaggedOutput(DROP, raw)
