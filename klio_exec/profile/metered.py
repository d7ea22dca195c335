"""Lets a meter see each transform of a job's graph, klio's own and the author's; Beam's are left alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import update_wrapper
from types import FunctionType, MethodType
from typing import Any

import apache_beam as beam
from apache_beam.pipeline import Pipeline, PipelineVisitor

from klio.transforms.limit import LAZY
from klio_exec.profile.meter import Call, Meter

_BEAM = "apache_beam."
_OURS = ("klio.", "klio_core.", "klio_exec.")
_AUDIO = "klio.audio"  # is work that an author has asked for
_ONCE = ("setup", "start_bundle", "finish_bundle", "teardown")

# Beam takes the DoFns through its pickler into the same process, where a call finds the meter here.
_meters: list[Meter] = []


def meter_all(pipeline: Pipeline, meter: Meter) -> list[FunctionType]:
    """Let `meter` see each call of a transform of this pipeline, which was drawn, and runs in this process.

    Answers the author's own functions that work on elements there.
    """
    _meters[:] = [meter]
    visitor = _Visitor()
    pipeline.visit(visitor)
    return visitor.functions


class _Visitor(PipelineVisitor):
    def __init__(self) -> None:
        self.functions: list[FunctionType] = []

    def visit_transform(self, node: Any) -> None:
        if isinstance(node.transform, beam.ParDo):
            own = _wrap(node.transform.fn, node.full_label)
            if isinstance(own, FunctionType) and own not in self.functions:
                self.functions.append(own)


def _wrap(dofn: beam.DoFn, label: str) -> Any:
    """Let the calls of a DoFn be seen. Answers the function that it is about, where that is the author's."""
    function = inspect.unwrap(dofn._process_argspec_fn())  # noqa: SLF001 - of a Map, the author's function
    module = getattr(function, "__module__", None) or ""
    if f"{module}.".startswith(_BEAM) or _is_metered(dofn.process):
        return None
    ours = f"{module}.".startswith(_OURS) and not module.startswith(_AUDIO)
    dofn.process = _metered_method(dofn.process, label, ours=ours)
    for name in _ONCE:
        if getattr(type(dofn), name) is not getattr(beam.DoFn, name):
            setattr(dofn, name, _metered_method(getattr(dofn, name), f"{label}: {name}", ours=ours))
    return None if ours else getattr(function, "__func__", function)


def _metered_method(method: Callable[..., Any], name: str, *, ours: bool) -> Any:
    """Answer a method whose calls are seen. Beam looks for state and timers in what is a method, and nowhere else."""
    if isinstance(method, MethodType):
        return MethodType(_Metered(method.__func__, name, ours=ours), method.__self__)
    return _Metered(method, name, ours=ours)


def _is_metered(method: Callable[..., Any]) -> bool:
    return isinstance(getattr(method, "__func__", method), _Metered)


class _Metered:
    """A function whose calls are seen."""

    def __init__(self, method: Callable[..., Any], name: str, *, ours: bool) -> None:
        self._method = method
        self._name = name
        self._ours = ours
        update_wrapper(self, method)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        meter = _meters[0]
        given = next((one for one in args[:2] if isinstance(one, bytes)), b"")  # behind `self`, where there is one
        call = Call(meter.transform(self._name, ours=self._ours), given)
        meter.enter(call)
        try:
            result = self._method(*args, **kwargs)
        except BaseException:  # whatever it is, the call has ended; it is raised again
            meter.leave()
            meter.end(call)
            raise
        meter.leave()
        if isinstance(result, (*LAZY, Iterator)):
            return _metered(result, call, meter)
        meter.end(call)
        return result


def _metered(values: Iterator[Any], call: Call, meter: Meter) -> Iterator[Any]:
    try:
        while True:
            meter.enter(call)
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                meter.leave()
            yield value
    finally:
        meter.end(call)
