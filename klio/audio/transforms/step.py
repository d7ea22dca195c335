"""What the steps of audio have in common: how they are called, what they take, what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import apache_beam as beam

from klio.audio.payload import decode, encode
from klio.audio.values import Array, Plot, Signal, Spectrum
from klio.context import KlioContext
from klio.transforms.step import CalledAsTransform
from klio_core.errors import BadPayload, JobCodeError


class AudioStep(beam.DoFn, metaclass=CalledAsTransform):
    """A DoFn between payloads. Calling its class answers its `beam.ParDo`, whose `fn` is the DoFn."""

    WITH_OUTPUTS: ClassVar[bool] = False
    _klio: KlioContext


def signal_in(payload: bytes) -> Signal:
    """Answer the signal of a payload; a plain array is one of 22050 frames per second. Raises BadPayload."""
    value = decode(payload)
    return value if isinstance(value, Signal) else Signal(_array(value, "the samples of LoadAudio"))


def spectrum_in(payload: bytes) -> Spectrum:
    """Answer the spectrum of a payload; a plain array is one of librosa's usual rate and hop. Raises BadPayload."""
    value = decode(payload)
    return value if isinstance(value, Spectrum) else Spectrum(_array(value, "a spectrum"))


def plot_in(payload: bytes) -> Plot:
    """Answer the picture of a payload. Raises BadPayload."""
    value = decode(payload)
    if not isinstance(value, Plot):
        raise _unlike(value, "the picture of one of the …ToPlot steps")
    return value


def checked(step: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the arguments of a plot, which travel with it. Raises JobCodeError for what cannot, and for `ax`."""
    if "ax" in arguments:
        raise JobCodeError(f"{step} draws on axes of its own", got="ax", todo="leave it out")
    for name, value in arguments.items():
        try:
            encode(value)
        except BadPayload as error:
            raise JobCodeError(
                f"{step} cannot take {name}={value!r} along", expected=error.expected, got=error.got
            ) from error
    return dict(arguments)


def _array(value: Any, wanted: str) -> Array:
    if isinstance(value, Signal | Spectrum | Plot) or getattr(value, "dtype", None) is None:
        raise _unlike(value, wanted)
    array: Array = value
    return array


def _unlike(value: Any, wanted: str) -> BadPayload:
    return BadPayload(
        "the payload is not what this step works on",
        expected=wanted,
        got=type(value).__name__,
        todo="look at the order of the steps in run.py",
    )
