"""Lets a meter see each transform of a job's graph, klio's own and the author's; Beam's are left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import update_wrapper
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


def meter_all(pipeline: Pipeline, meter: Meter) -> None:
    """Let `meter` see each call of a transform of this pipeline, which was drawn, and runs in this process."""
    _meters[:] = [meter]
    pipeline.visit(_Visitor())


class _Visitor(PipelineVisitor):
    def visit_transform(self, node: Any) -> None:
        if isinstance(node.transform, beam.ParDo):
            _wrap(node.transform.fn, node.full_label)


def _wrap(dofn: beam.DoFn, label: str) -> None:
    module = getattr(dofn._process_argspec_fn(), "__module__", None) or ""  # noqa: SLF001 - of a Map, the author's function
    if f"{module}.".startswith(_BEAM) or isinstance(dofn.process, _Metered):
        return
    ours = f"{module}.".startswith(_OURS) and not module.startswith(_AUDIO)
    dofn.process = _Metered(dofn.process, label, ours=ours)
    for name in _ONCE:
        if getattr(type(dofn), name) is not getattr(beam.DoFn, name):
            setattr(dofn, name, _Metered(getattr(dofn, name), f"{label}: {name}", ours=ours))


class _Metered:
    """A method of a DoFn whose calls are seen."""

    def __init__(self, method: Callable[..., Any], name: str, *, ours: bool) -> None:
        self._method = method
        self._name = name
        self._ours = ours
        update_wrapper(self, method)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        meter = _meters[0]
        call = Call(meter.transform(self._name, ours=self._ours))
        meter.enter(call)
        try:
            result = self._method(*args, **kwargs)
        except BaseException:
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
