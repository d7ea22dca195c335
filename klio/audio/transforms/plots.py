"""Steps from sound and spectra to pictures, which are drawn where they are saved: see `GcsUploadPlot`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from klio.audio import drawing
from klio.audio.payload import encode
from klio.audio.transforms.step import AudioStep, checked, signal_in, spectrum_in
from klio.transforms import decorators
from klio_core.errors import JobCodeError


class _Plots(AudioStep):
    TITLE: ClassVar[str]

    def __init__(self, title: str | None = None, **plot_args: Any) -> None:
        self._title = _format(type(self).__name__, title or self.TITLE)
        self._arguments = checked(type(self).__name__, plot_args)

    def titled(self, element: bytes) -> str:
        """Answer the title over the picture of an element."""
        return self._title.format(element=element.decode(errors="replace"))


class SpecToPlot(_Plots):
    """Decibels (of GetSpec) to a picture; `title` may hold {element}, the rest is for `librosa.display.specshow`."""

    TITLE = "Spectrogram of {element}"

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Plot."""
        levels = spectrum_in(data.payload)
        yield encode(drawing.spectrogram(levels, self.titled(data.element), **self._arguments))


class MelSpecToPlot(_Plots):
    """The power in mel bands (of GetMelSpec) to a picture; arguments as of SpecToPlot."""

    TITLE = "Mel-frequency Spectrogram of {element}"

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Plot."""
        power = spectrum_in(data.payload)
        yield encode(drawing.mel_spectrogram(power, self.titled(data.element), **self._arguments))


class MFCCToPlot(_Plots):
    """Cepstral coefficients (of GetMFCC) to a picture; arguments as of SpecToPlot."""

    TITLE = "MFCCs of {element}"

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Plot."""
        coefficients = spectrum_in(data.payload)
        yield encode(drawing.mfccs(coefficients, self.titled(data.element), **self._arguments))


class WaveformToPlot(_Plots):
    """Sound (of LoadAudio) to a picture of at most `num_samples` points; the rest is for `librosa.display.waveshow`."""

    TITLE = "Waveplot of {element}"

    def __init__(self, num_samples: int = 5000, title: str | None = None, **plot_args: Any) -> None:
        super().__init__(title, **plot_args)
        self._num_samples = num_samples

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Plot."""
        sound, title = signal_in(data.payload), self.titled(data.element)
        yield encode(drawing.waveform(sound, title, num_samples=self._num_samples, **self._arguments))


def _format(step: str, title: str) -> str:
    try:
        title.format(element="")
    except (LookupError, ValueError) as error:
        raise JobCodeError(
            f"{step} cannot make a title", where=repr(title), expected="text, with {element} or without", got=str(error)
        ) from error
    return title
