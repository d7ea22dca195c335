r"""Payloads between transforms: typed, versioned, and never code.

A payload is any number of NumPy files one behind the other (NPY 1.0 and 2.0), and then JSON that says what they
are, in which `{"array": 0}` stands for the first of them. A plain array is its NumPy file alone, so `np.load` reads
it, and reads what `np.save` wrote; and of a `Signal`, `np.load(io.BytesIO(payload))` reads the samples::

    \x93NUMPY… {"klio": 1, "value": {"signal": {"samples": {"array": 0}, "rate": 22050}}}
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from klio.audio.values import Array, Plot, Signal, Spectrum
from klio_core.errors import BadPayload

VERSION = 1
_KINDS = {"signal": Signal, "spectrum": Spectrum, "plot": Plot}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_NUMPY = b"\x93NUMPY"
_JSON = b'{"klio": '
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_FROM_ARRAY: dict[str, Callable[[Array], Any]] = {
    "array": lambda array: array,
    "scalar": lambda array: array[()],
    "bytes": lambda array: array.tobytes(),
    "file": lambda array: io.BytesIO(array.tobytes()),
}
_CARRIED = (
    "NumPy arrays, Signal, Spectrum, Plot, bytes, io.BytesIO, text, numbers, None, and lists, tuples and dicts of these"
)


def encode(value: Any) -> bytes:
    """Answer the payload that carries `value`.

    It may be a NumPy array of any shape and of numbers, booleans or texts; Signal, Spectrum, Plot; bytes, io.BytesIO;
    text, a number, None; or a list, tuple or dict of such values. Raises BadPayload for anything else, as for a
    function, a Figure or an array of objects.
    """
    arrays: list[Array] = []
    node = _node(value, arrays)
    file = io.BytesIO()
    for array in arrays:
        np.lib.format.write_array(file, array, allow_pickle=False)
    if node != {"array": 0}:
        file.write(json.dumps({"klio": VERSION, "value": node}).encode())
    return file.getvalue()


def decode(payload: bytes) -> Any:
    """Answer the value that `encode`, or `np.save`, made a payload of; arrays may be changed.

    Raises BadPayload for all that is no such payload: a pickle is never opened.
    """
    if not is_typed(payload):
        raise _bad(f"{len(payload)} bytes that begin with {payload[:8]!r}" if payload else "no payload at all")
    try:
        arrays, said = _arrays(payload)
        return _value(_recorded(said) if said else {"array": 0}, arrays)
    except Exception as error:  # NumPy reads headers by Python's own parser, which raises anything
        raise _bad(f"{len(payload)} bytes: {error}") from error


def is_typed(payload: bytes) -> bool:
    """Answer whether `payload` begins as one that `decode` reads."""
    return payload.startswith((_NUMPY, _JSON))


def _node(value: Any, arrays: list[Array]) -> Any:
    """Answer the JSON of a value; its arrays go to the end of `arrays`."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_node(one, arrays) for one in value]
        case tuple():
            return {"tuple": [_node(one, arrays) for one in value]}
        case dict():
            return {"dict": [[_node(key, arrays), _node(one, arrays)] for key, one in value.items()]}
        case Signal() | Spectrum() | Plot():
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return {_NAMES[type(value)]: {name: _node(one, arrays) for name, one in fields.items()}}
    kind, array = _as_array(value)
    arrays.append(array)
    return {kind: len(arrays) - 1}


def _as_array(value: Any) -> tuple[str, Array]:
    match value:
        case bytes():
            return "bytes", np.frombuffer(value, np.uint8)
        case io.BytesIO():
            return "file", np.frombuffer(value.getvalue(), np.uint8)
        case np.generic() | np.ndarray() if not value.dtype.hasobject:
            return "array" if isinstance(value, np.ndarray) else "scalar", np.asarray(value)
    raise BadPayload(
        "the code yielded what no payload carries",
        expected=_CARRIED,
        got=f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__,
        todo="yield what it is made of; draw a figure and save it in one transform, under self._klio.upload",
    )


def _value(node: Any, arrays: list[Array]) -> Any:
    if isinstance(node, list):
        return [_value(one, arrays) for one in node]
    if not isinstance(node, dict):
        return node
    ((kind, said),) = node.items()
    if kind in _FROM_ARRAY:
        return _FROM_ARRAY[kind](arrays[said])
    if kind == "tuple":
        return tuple(_value(said, arrays))
    if kind == "dict":
        return {_value(key, arrays): _value(one, arrays) for key, one in said}
    return _KINDS[kind](**{name: _value(one, arrays) for name, one in said.items()})


def _recorded(said: bytes) -> Any:
    record = json.loads(said)
    if record["klio"] != VERSION:
        raise ValueError(f"version {record['klio']!r} of the format")
    return record["value"]


def _arrays(payload: bytes) -> tuple[list[Array], bytes]:
    """Answer the arrays that a payload begins with, and what stands behind them."""
    file, arrays = io.BytesIO(payload), []
    while payload.startswith(_NUMPY, file.tell()):
        shape, fortran, dtype = _header(file)
        begin, size = file.tell(), dtype.itemsize * int(np.prod(shape, dtype=object))
        if size > len(payload) - begin:  # NumPy would take the memory first
            raise ValueError(f"an array of shape {shape} and {size} bytes, of which {len(payload) - begin} are there")
        flat = np.frombuffer(payload, dtype, int(np.prod(shape)), begin) if size else np.empty(0, dtype)
        arrays.append(flat.reshape(shape, order="F" if fortran else "C").copy())
        file.seek(begin + size)
    return arrays, payload[file.tell() :]


def _header(file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    shape, fortran, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.hasobject:
        raise ValueError("an array of Python objects, which are code")
    if min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape}")
    return shape, fortran, dtype


def _bad(got: str) -> BadPayload:
    return BadPayload(
        "the payload is none that transforms of audio can read",
        expected="what klio.audio.payload.encode made, or np.save of an array that holds no objects; never a pickle",
        got=got,
        todo="let the transform before yield klio.audio.payload.encode(value)",
    )
