"""`@handle_binary`: code that works on arrays, between steps that speak of payloads."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from apache_beam.pvalue import TaggedOutput

from klio.audio.drawing import draw
from klio.audio.payload import decode, encode
from klio.audio.values import Plot, Signal, Spectrum
from klio.transforms.bind import wrap
from klio_core.proto import klio_pb2


class Item(NamedTuple):
    """What the code gets in place of `data`."""

    element: bytes
    payload: Any


def handle_binary(
    func: Callable[..., Any] | None = None,
    *,
    skip_load: bool = False,
    skip_dump: bool = False,
    load_with_numpy: bool = False,  # noqa: ARG001  (klio's; here every payload says itself what it is)
    save_with_numpy: bool = False,
    **_others: Any,
) -> Any:
    """Give a callable the value that its payload carries, and make payloads of what it yields or returns.

    It stands right under `@handle_klio`::

        class Quieter(beam.DoFn):
            @decorators.handle_klio
            @handle_binary(load_with_numpy=True, save_with_numpy=True)
            def process(self, item):
                yield item.payload / 2

    The code gets `item.element` and `item.payload`: of a Signal or a Spectrum the array, of a picture its Figure, else
    the value as it was yielded. `klio.audio.payload` says what may be yielded; what is yielded under
    `save_with_numpy` becomes an array. `skip_load` gives `data` as it is, `skip_dump` yields values as they are.
    Raises BadPayload: pickles are neither opened nor made.
    """
    load = _given if skip_load else _loaded
    dump = _given if skip_dump else functools.partial(_dumped, as_array=save_with_numpy)

    def wrapper(inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        def handled(*args: Any, **kwargs: Any) -> Any:
            result = inner(*(load(arg) if _is_data(arg) else arg for arg in args), **kwargs)
            return _each(result, dump) if isinstance(result, types.GeneratorType) else dump(result)

        return handled

    def decorate(inner: Callable[..., Any]) -> Callable[..., Any]:
        return wrap(inner, wrapper)

    return decorate if func is None else decorate(func)


def _is_data(value: Any) -> bool:
    return isinstance(value, klio_pb2.KlioMessage.Data)


def _loaded(data: Any) -> Item:
    value = decode(data.payload)
    match value:
        case Signal():
            value = value.samples
        case Spectrum():
            value = value.values
        case Plot():
            value = draw(value)
    return Item(data.element, value)


def _dumped(value: Any, *, as_array: bool) -> Any:
    if isinstance(value, TaggedOutput):
        return TaggedOutput(value.tag, _dumped(value.value, as_array=as_array))
    return encode(value if isinstance(value, Signal | Spectrum | Plot) or not as_array else np.asarray(value))


def _each(values: Iterator[Any], dump: Callable[[Any], Any]) -> Iterator[Any]:
    for value in values:
        yield dump(value)


def _given(value: Any) -> Any:
    return value
