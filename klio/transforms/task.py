"""One call of an author's code, and what it answered, as values: they can be repeated, and sent to another process."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext
from klio.transforms.limit import LAZY, UNLIMITED, limited
from klio.utils import ThreadLimiter
from klio_core.proto import klio_pb2

_Data = klio_pb2.KlioMessage.Data


class Layer(Protocol):
    """What `@retry` or `@timeout` lays around a call."""

    def around(self, task: Task) -> Outcome:
        """Answer what the task answers, or raise. The task has only the layers further in."""
        ...


@dataclass(frozen=True)
class Task:
    """The author's callable with everything it is called with, and the layers around it, the outermost first.

    `limiter` is who grants the slot; it is taken inside of every retry, so that nobody waits while holding one.
    """

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    context: KlioContext
    name: str
    layers: tuple[Layer, ...] = ()
    limiter: ThreadLimiter = field(default=UNLIMITED, compare=False)

    @property
    def data(self) -> Any:
        """The `data` that the author gets; None where the callable is not about a message."""
        return next((arg for arg in self.args if isinstance(arg, _Data)), None)

    def count(self, metric: str) -> None:
        """Add one to a counter of this callable."""
        self.context.metrics.counter(metric, transform=self.name).inc()


class _Mark(enum.Enum):
    DATA = "the data that came in"


@dataclass(frozen=True, slots=True)
class Yielded:
    """One value, and how `data` was at that moment: the author may change its element between two yields."""

    value: Any
    state: bytes | None

    @classmethod
    def of(cls, value: Any, data: Any) -> Yielded:
        """Note a value as it is yielded."""
        if data is None:
            return cls(value, None)
        if isinstance(value, TaggedOutput) and value.value is data:
            value = TaggedOutput(value.tag, _Mark.DATA)
        return cls(_Mark.DATA if value is data else value, data.SerializeToString())

    def again(self, data: Any) -> Any:
        """Answer the value, `data` being as it was."""
        if data is None or self.state is None:
            return self.value
        data.ParseFromString(self.state)
        if isinstance(self.value, TaggedOutput) and self.value.value is _Mark.DATA:
            return TaggedOutput(self.value.tag, data)
        return data if self.value is _Mark.DATA else self.value


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that one call answered: one value, or the `several` of a generator, which may be none."""

    yields: tuple[Yielded, ...]
    several: bool


def caller(
    func: Callable[..., Any], context: KlioContext, name: str, layers: tuple[Layer, ...], limiter: ThreadLimiter
) -> Callable[..., Any]:
    """Answer how the author's code is called: as it is, where no layer is around it. The slot is then the caller's."""
    if not layers:
        return func
    return lambda *args, **kwargs: perform(Task(func, args, kwargs, context, name, layers, limiter))


def perform(task: Task) -> Any:
    """Call the author's code through its layers. Answers what it answers: a generator where it is one.

    Without a layer a generator's values come as they are made; a layer hands them on when the call has come to its
    end, so that no attempt that fails later leaves anything behind.
    """
    if not task.layers:
        return limited(task.limiter, task.func)(*task.args, **task.kwargs)
    outcome = task.layers[0].around(replace(task, layers=task.layers[1:]))
    data = task.data
    return _all_again(outcome, data) if outcome.several else outcome.yields[0].again(data)


def recorded(task: Task) -> Outcome:
    """Perform the task to its end, and answer all of it."""
    result = perform(task)
    several = isinstance(result, LAZY)
    values = result if several else (result,)
    return Outcome(tuple(Yielded.of(value, task.data) for value in values), several)


def _all_again(outcome: Outcome, data: Any) -> Iterator[Any]:
    for one in outcome.yields:
        yield one.again(data)
