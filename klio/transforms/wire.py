"""What goes between this process and a child: tasks, and what came of them, as bytes."""

from __future__ import annotations

import enum
import importlib
import inspect
import io
import pickle
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from logging import LogRecord
from typing import Any

from apache_beam.internal.cloudpickle import cloudpickle

from klio.metrics.forward import Told
from klio.transforms.task import Task
from klio.work import Made
from klio_core.errors import JobCodeError

# Asks a child to print where its threads are.
WHERE = signal.SIGUSR2


@dataclass(frozen=True, slots=True)
class Ready:
    """The child has everything that it needs for the call."""

    pid: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A record of the child's log."""

    record: LogRecord


@dataclass(slots=True)
class End:
    """The call came to its end; `several` says that it was a generator, `worn` why the child should do no other.

    `made` are the files that wait to become outputs: the parent commits them.
    """

    several: bool
    told: list[Told]
    made: list[Made]
    worn: str = ""


@dataclass(slots=True)
class Raised:
    """The call raised: the exception, and its traceback as text."""

    error: Exception
    trace: str
    told: list[Told]
    worn: str = ""


class _Mark(enum.Enum):
    CONTEXT = "the context, of which the child has its own"


@dataclass(frozen=True, slots=True)
class _Named:
    """A callable that a child finds by its name, under the decorators."""

    module: str
    qualname: str

    def find(self) -> Any:
        found: Any = importlib.import_module(self.module)
        for part in self.qualname.split("."):
            found = inspect.getattr_static(found, part)
        return found.__wrapped__


def head_of(task: Task) -> bytes:
    """Answer what stays the same from one call to the next: the callable, its object, the job. A child keeps it.

    Raises JobCodeError where that cannot be pickled.
    """
    receiver = () if task.args and task.args[0] is task.data else task.args[:1]
    return _dumped((_named(task.func), receiver, task.context, task.name, task.layers), task)


def rest_of(task: Task) -> bytes:
    """Answer what is different in every call: the other arguments. Raises JobCodeError as `head_of` does."""
    first = 0 if task.args and task.args[0] is task.data else 1
    args = tuple(_Mark.CONTEXT if arg is task.context else arg for arg in task.args[first:])
    return _dumped((args, task.kwargs), task)


def opened(head: bytes) -> Task:
    """Make a task without its other arguments. Raises whatever the job's modules raise when they are imported."""
    func, receiver, context, name, layers = pickle.loads(head)  # noqa: S301  (from the process that started this one)
    return Task(func.find() if isinstance(func, _Named) else func, receiver, {}, context, name, layers)


def completed(task: Task, rest: bytes) -> Task:
    """Give a task the arguments of one call."""
    args, kwargs = pickle.loads(rest)  # noqa: S301  (from the process that started this one)
    args = (*task.args, *(task.context if arg is _Mark.CONTEXT else arg for arg in args))
    return replace(task, args=args, kwargs=kwargs)


def unpickled(several: bytes) -> Iterator[Any]:
    """Read what was pickled one after the other."""
    stream = io.BytesIO(several)
    while stream.tell() < len(several):
        yield pickle.load(stream)  # noqa: S301  (from the process that we started)


def _named(func: Callable[..., Any]) -> Any:
    named = _Named(func.__module__, func.__qualname__)
    if func.__module__ == "__main__":
        return func
    try:
        found = named.find()
    except (AttributeError, ImportError):
        return func
    return named if found is func else func


def _dumped(what: object, task: Task) -> bytes:
    try:
        dumped: bytes = cloudpickle.dumps(what)
    except Exception as error:  # an object may refuse to be pickled in any way; raised as what it means
        raise JobCodeError(
            "what the code works with cannot be sent to the process that it runs in",
            where=task.name,
            expected="an object of the DoFn, arguments and results that can be pickled",
            got=f"{type(error).__name__}: {error}",
            todo="make what cannot be pickled (clients, locks, open files) in setup() or inside the function, or leave "
            "it out of the object with __getstate__",
        ) from error
    return dumped
