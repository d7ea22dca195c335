"""Steps from sound to what is seen in it: each hands its arguments to librosa, whose values it yields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from klio.audio import spectra
from klio.audio.library import librosa
from klio.audio.payload import encode
from klio.audio.transforms.step import AudioStep, signal_in, spectrum_in
from klio.transforms import decorators


class _Computes(AudioStep):
    def __init__(self, **arguments: Any) -> None:
        self._arguments = arguments

    def setup(self) -> None:
        """Import librosa, one process at a time."""
        librosa()


class GetSTFT(_Computes):
    """Sound to its short-time Fourier transform, complex64: `librosa.stft`."""

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Spectrum."""
        yield encode(spectra.stft(signal_in(data.payload), **self._arguments))


class GetSpec(_Computes):
    """A short-time Fourier transform, or its magnitudes, to decibels below the loudest: `librosa.amplitude_to_db`."""

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Spectrum."""
        yield encode(spectra.decibels(spectrum_in(data.payload), **self._arguments))


class GetMelSpec(_Computes):
    """Sound to the power in mel bands: `librosa.feature.melspectrogram`."""

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Spectrum."""
        yield encode(spectra.mel(signal_in(data.payload), **self._arguments))


class GetMFCC(_Computes):
    """The power in mel bands to cepstral coefficients: `librosa.feature.mfcc`."""

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield a Spectrum."""
        yield encode(spectra.mfcc(spectrum_in(data.payload), **self._arguments))
