"""What librosa sees in sound, with the rate and the hop kept beside the numbers. Values agree with librosa's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from klio.audio.library import librosa
from klio.audio.values import HOP_LENGTH, Signal, Spectrum


def stft(signal: Signal, **arguments: Any) -> Spectrum:
    """Answer the short-time Fourier transform: complex64, (1 + n_fft / 2, frames); `arguments` of `librosa.stft`."""
    values = librosa().stft(signal.samples, **arguments)
    window = arguments.get("win_length") or arguments.get("n_fft", 2048)
    return Spectrum(values, signal.rate, arguments.get("hop_length") or window // 4)


def decibels(spectrum: Spectrum, **arguments: Any) -> Spectrum:
    """Answer the level of each bin below the loudest, -80 to 0 dB; `arguments` of `librosa.amplitude_to_db`."""
    levels = librosa().amplitude_to_db(np.abs(spectrum.values), **{"ref": np.max, **arguments})
    return _like(spectrum, levels)


def mel(signal: Signal, **arguments: Any) -> Spectrum:
    """Answer the power in bands as wide as ears hear them: float32, (n_mels, frames).

    `arguments` are those of `librosa.feature.melspectrogram`; `sr` is the signal's own rate.
    """
    rate = arguments.pop("sr", signal.rate)
    values = librosa().feature.melspectrogram(y=signal.samples, sr=rate, **arguments)
    hop_length = arguments.get("hop_length", HOP_LENGTH)
    return Spectrum(values, rate, hop_length, arguments.get("fmin", 0.0), arguments.get("fmax"))


def mel_decibels(spectrum: Spectrum) -> Spectrum:
    """Answer the level of each mel band below the loudest, -80 to 0 dB."""
    return _like(spectrum, librosa().power_to_db(spectrum.values, ref=np.max))


def mfcc(spectrum: Spectrum, **arguments: Any) -> Spectrum:
    """Answer the cepstral coefficients of a mel spectrum: float32, (n_mfcc, frames).

    `arguments` are those of `librosa.feature.mfcc`.
    """
    return _like(spectrum, librosa().feature.mfcc(S=mel_decibels(spectrum).values, **arguments))


def _like(spectrum: Spectrum, values: Any) -> Spectrum:
    return Spectrum(values, spectrum.rate, spectrum.hop_length, spectrum.fmin, spectrum.fmax)
