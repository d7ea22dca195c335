"""Pictures of sound, by matplotlib's own objects: pyplot would keep every figure, and is not for threads."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from klio.audio.library import librosa_display
from klio.audio.spectra import mel_decibels
from klio.audio.values import Array, Plot, Signal, Spectrum
from klio_core.errors import BadPayload

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (6.4, 4.8)  # inches, as matplotlib has it
MAX_COLUMNS = 2000  # of a spectrum: some for each pixel; a quarter of an hour would take gigabytes, and show no more
_DIMENSIONS = {"waveform": 1, "spectrum": 2}
_RENAMED = {"x_axis": "axis"}  # of librosa.display.waveplot, which is no more


def waveform(signal: Signal, title: str = "", *, num_samples: int = 5000, **arguments: Any) -> Plot:
    """Answer the picture of the samples, as an outline of at most `num_samples` points; channels are mixed.

    `arguments` are those of `librosa.display.waveshow`.
    """
    mono = signal.samples if signal.samples.ndim == 1 else signal.samples.mean(axis=0)
    given = {_RENAMED.get(name, name): value for name, value in arguments.items()}
    return Plot("waveform", mono, title, "", {"sr": signal.rate, "max_points": num_samples, **given})


def spectrogram(levels: Spectrum, title: str = "", **arguments: Any) -> Plot:
    """Answer the picture of `decibels`: seconds, hertz, colours; `arguments` of `librosa.display.specshow`."""
    return _spectrum(levels, title, "dB", **{"y_axis": "linear", **arguments})


def mel_spectrogram(power: Spectrum, title: str = "", **arguments: Any) -> Plot:
    """Answer the picture of `mel`: seconds, hertz on the mel scale, colours of decibels."""
    axis = {"y_axis": "mel", "fmin": power.fmin, "fmax": power.fmax}
    return _spectrum(mel_decibels(power), title, "dB", **{**axis, **arguments})


def mfccs(coefficients: Spectrum, title: str = "", **arguments: Any) -> Plot:
    """Answer the picture of `mfcc`: seconds, and a row for each coefficient."""
    return _spectrum(coefficients, title, "", **arguments)


def draw(plot: Plot, size: tuple[float, float] = SIZE) -> Figure:
    """Answer the figure, of so many inches. Nobody else holds it: it is gone with its last user. Raises BadPayload."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    _check(plot)
    figure = Figure(size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    if plot.kind == "waveform":
        _draw_waveform(axes, plot)
    else:
        _draw_spectrum(figure, axes, plot)
    axes.set_title(plot.title, parse_math=False)  # a song's name may hold dollars
    return figure


def save(
    plot: Plot,
    file: Path | IO[bytes],
    *,
    file_format: str = "png",
    size: tuple[float, float] = SIZE,
    **arguments: Any,
) -> None:
    """Draw a picture of so many inches and write it; `arguments` of `matplotlib.figure.Figure.savefig`.

    Raises BadPayload, OSError.
    """
    figure = draw(plot, size)
    figure.savefig(file, format=file_format, **arguments)
    figure.clear()


def _spectrum(spectrum: Spectrum, title: str, unit: str, **arguments: Any) -> Plot:
    given = {"sr": spectrum.rate, "hop_length": spectrum.hop_length, "x_axis": "time", **arguments}
    values, columns = spectrum.values, ceil(spectrum.values.shape[-1] / MAX_COLUMNS)
    if columns > 1 and "x_coords" not in given:
        given = {"vmin": float(values.min()), "vmax": float(values.max()), **given}
        given["hop_length"] *= columns
        values = _averaged(values, columns)
    return Plot("spectrum", values, title, unit, given)


def _averaged(values: Array, columns: int) -> Array:
    """Answer the means of so many columns each, as one sees them from afar."""
    missing = -values.shape[-1] % columns
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)], mode="edge")
    means: Array = padded.reshape(*values.shape[:-1], -1, columns).mean(axis=-1)
    return means


def _draw_waveform(axes: Axes, plot: Plot) -> None:
    librosa_display().waveshow(plot.values, ax=axes, **plot.arguments)
    axes.margins(x=0)
    axes.set_ylabel("Amplitude")


def _draw_spectrum(figure: Figure, axes: Axes, plot: Plot) -> None:
    mesh = librosa_display().specshow(plot.values, ax=axes, **plot.arguments)
    figure.colorbar(mesh, ax=axes, format="%+2.0f dB" if plot.unit == "dB" else None)


def _check(plot: Plot) -> None:
    wanted = _DIMENSIONS.get(plot.kind)
    if plot.values.ndim != wanted or plot.values.size == 0:
        raise BadPayload(
            "there is no such picture",
            expected=f"a {plot.kind} of {wanted} dimensions with something in it",
            got=f"an array of shape {plot.values.shape}",
            todo="load with mono=True, or pick a channel",
        )
