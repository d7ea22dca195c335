"""Turns marks into one callable: functions, methods, generators and DoFns take the one shape that `handle` knows.

A decorator only marks. When a class is made, Python tells each marked method of it (`__set_name__`), and the method
is composed there and then; a marked function is composed when it is called. However the author ordered the
decorators, what is composed is, from the outside in:

1. `handle_klio` or `serialize_klio_message`: decode, decide, encode, bury
2. `retry` and `timeout`, in the order in which the author wrote them; what the job file says of them where the author
   does not: its `retry` around the author's own, its `timeout_s` and `isolation` inside
3. the slot of a thread limiter, inside every retry, around every timeout
4. the context
5. `profile`
6. the author's code

The job travels inside what is pickled: in the DoFn's state, or in the marked function's.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
from apache_beam import typehints
from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext, current
from klio.transforms.handle import Handler
from klio.transforms.limit import UNLIMITED
from klio.transforms.policy import policy_of
from klio.transforms.profile import is_profiling
from klio.transforms.setup import left_to_the_child
from klio.transforms.task import Layer, caller
from klio.transforms.timeout import Isolated
from klio.utils import ThreadLimiter

_STATE = "_klio_context"
_CARRIES = "_klio_carries"
_Call = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Marks:
    """What decorators asked of one callable. It is itself and like no other, so a job keeps by it what it made."""

    handle: bool = False  # decode, decide, encode, bury
    serialize: bool = False  # decode and encode, for code that got its context in another way
    layers: tuple[Layer, ...] = ()  # retry and timeout, the outermost first
    limiter: ThreadLimiter = UNLIMITED
    own_limit: bool = False  # the limiter is what the author asked for
    context_first: bool = False  # the context is the first argument
    context_on_self: bool = False  # the context is self._klio


class Marked:
    """A callable with marks on it. It behaves as the composed callable, wherever Beam or Python put it."""

    def __init__(self, func: Callable[..., Any], marks: Marks) -> None:
        self.func = func
        self.marks = marks
        self.context: KlioContext | None = None
        self._is_method = _takes_self(func)
        functools.update_wrapper(self, func)

    def __set_name__(self, owner: type, name: str) -> None:
        setattr(owner, name, _method(self.func, self.marks, owner, name))
        _carry_context(owner)
        if self.marks.handle and _is_process(owner, name):
            _may_yield_anything(owner)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._is_method:  # a method that another decorator took away before its class was made
            return _method(self.func, self.marks, type(args[0]), self.func.__name__)(*args, **kwargs)
        return _function(self.func, self.marks, self.context or current())(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        module, name = self.func.__module__, self.func.__qualname__
        context = self.context or current()
        if _findable(module, name, self):
            return _found, (module, name, context)
        return _remade, (self.func, self.marks, context)


def mark(func: Callable[..., Any], **asked: Any) -> Marked:
    """Add marks to a callable, which may have some already."""
    if isinstance(func, Marked):
        return Marked(func.func, replace(func.marks, **asked))
    return Marked(func, Marks(**asked))


def lay(func: Callable[..., Any], layer: Layer) -> Marked:
    """Lay `layer` around a callable and around the layers that it has."""
    inner = func.marks.layers if isinstance(func, Marked) else ()
    return mark(func, layers=(layer, *inner))


def wrap(func: Callable[..., Any], wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[..., Any]:
    """Let `wrapper` wrap the author's own code, inside of all marks."""
    return Marked(wrapper(func.func), func.marks) if isinstance(func, Marked) else wrapper(func)


def _method(func: Callable[..., Any], marks: Marks, owner: type, name: str) -> Callable[..., Any]:
    if not (marks.handle or marks.serialize):
        return _plain_method(func, marks)
    if name == "expand":  # draws a pipeline; no message comes by, and one may be drawn inside another
        return _plain_method(func, replace(marks, limiter=UNLIMITED))
    run = Handler.handle if _is_process(owner, name) else _one_or_all

    made = _composed(func, marks)

    @functools.wraps(func)
    def handled(self: Any, raw: bytes, *args: Any, **kwargs: Any) -> Any:
        self._klio = context = _context_of(self)
        handler, call = context.once(marks, made)
        if args or kwargs or marks.context_first:
            return run(handler, raw, _given(call, (self, context) if marks.context_first else (self,), args, kwargs))
        return run(handler, raw, types.MethodType(call, self))  # the quickest way to hold one argument

    handled.klio_marks = marks  # type: ignore[attr-defined]
    return _untyped(handled, func)


def _is_process(owner: type, name: str) -> bool:
    return name == "process" and issubclass(owner, beam.DoFn)


def _may_yield_anything(owner: Any) -> None:
    """Say so, where the author says nothing: Beam would read all code behind a `process`, for 30 ms, to find it out."""
    if owner.infer_output_type is beam.DoFn.infer_output_type:
        owner.infer_output_type = lambda _dofn, _input_type: typehints.Any


def _composed(func: _Call, marks: Marks) -> Callable[[KlioContext], tuple[Handler, _Call]]:
    """Answer what makes of a job, once, how it handles messages, and the author's code with all that is around it."""
    name = func.__qualname__

    def composed(context: KlioContext) -> tuple[Handler, _Call]:
        around = _with_policy(marks, context)
        call = caller(func, context, name, around.layers, around.limiter)
        limiter = UNLIMITED if around.layers else around.limiter  # a layer takes the slot further in
        return Handler(context, name, decides=marks.handle, limiter=limiter), call

    return composed


def _given(call: _Call, head: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call:
    """Answer `call` with all that it is given besides the message."""
    return lambda data: call(*head, data, *args, **kwargs)


def _with_policy(marks: Marks, context: KlioContext) -> Marks:
    """Answer the marks with what they leave to the job file."""
    policy = policy_of(context)
    around = marks if policy is None or not marks.handle else policy.applied(marks)
    if is_profiling():  # a child process would be out of sight
        return replace(around, layers=tuple(x for x in around.layers if not isinstance(x, Isolated)))
    return around


def _untyped(wrapper: Callable[..., Any], func: Callable[..., Any]) -> Callable[..., Any]:
    """Hide what the author says of types: Beam would hold the bytes that pass to what is said of `data`."""
    signature = inspect.signature(func)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    wrapper.__annotations__ = {}
    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=bare, return_annotation=inspect.Signature.empty
    )
    return wrapper


def _plain_method(func: _Call, marks: Marks) -> _Call:
    made = _composed(func, marks)

    @functools.wraps(func)
    def with_context(self: Any, *args: Any, **kwargs: Any) -> Any:
        context = _context_of(self)
        if marks.context_on_self or marks.handle:
            self._klio = context
        _, call = context.once(marks, made)
        return call(self, context, *args, **kwargs) if marks.context_first else call(self, *args, **kwargs)

    return with_context


def _function(func: _Call, marks: Marks, context: KlioContext) -> _Call:
    handler, call = context.once(marks, _composed(func, marks))
    if marks.handle or (marks.serialize and marks.context_first):
        return lambda raw, *args, **kwargs: _one_or_all(handler, raw, _given(call, (context,), args, kwargs))
    if marks.serialize:
        return _for_its_caller(func, marks)
    return functools.partial(call, context) if marks.context_first else call


def _for_its_caller(func: _Call, marks: Marks) -> _Call:
    """Answer a function whose caller hands it the context, and then the message."""
    first = replace(marks, context_first=True)
    return lambda given, *args, **kwargs: _function(func, first, given)(*args, **kwargs)


def _one_or_all(handler: Handler, raw: bytes, call: _Call) -> Any:
    """For functions: one result as it is (`beam.Map`), the results of a generator as a list (`beam.FlatMap`)."""
    several = False

    def noted(data: Any) -> Any:
        nonlocal several
        result = call(data)
        several = isinstance(result, types.GeneratorType)
        return result

    results = list(handler.handle(raw, noted))
    if several:
        return results
    return results[0] if results else TaggedOutput("drop", raw)


def _context_of(instance: Any) -> KlioContext:
    context: KlioContext = getattr(instance, _STATE, None) or current()
    return context


def _carry_context(owner: type) -> None:
    """Make instances of `owner` take the job along when they are pickled."""
    if _CARRIES in vars(owner):
        return
    base = getattr(owner, "__getstate__", None)

    def getstate(self: Any) -> Any:
        state = base(self) if base is not None else vars(self)
        if isinstance(state, dict) or state is None:
            left = left_to_the_child(self) if _runs_in_child(self) else {}
            return {**(state or {}), _STATE: _context_of(self), **left}
        return state

    setattr(owner, "__getstate__", getstate)  # noqa: B010  (a type checker knows only its own __getstate__)
    setattr(owner, _CARRIES, True)


def _runs_in_child(dofn: Any) -> bool:
    marks = getattr(type(dofn).process, "klio_marks", None) if isinstance(dofn, beam.DoFn) else None
    return marks is not None and any(isinstance(x, Isolated) for x in _with_policy(marks, _context_of(dofn)).layers)


def _takes_self(func: Callable[..., Any]) -> bool:
    return next(iter(inspect.signature(func).parameters), None) == "self"


def _findable(module: str, qualname: str, marked: Marked) -> bool:
    if module == "__main__" or "<locals>" in qualname:
        return False
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found is marked or (isinstance(found, Marked) and found.func is marked.func)


def _found(module: str, qualname: str, context: KlioContext) -> Marked:
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return _remade(found.func, found.marks, context)


def _remade(func: Callable[..., Any], marks: Marks, context: KlioContext) -> Marked:
    marked = Marked(func, marks)
    marked.context = context
    return marked
