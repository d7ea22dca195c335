"""Audio files read with care, what is seen in them, and pictures of it. Needs the extra `klio[audio]`."""

from klio.audio.decoding import Sound, decode
from klio.audio.drawing import draw, mel_spectrogram, mfccs, save, spectrogram, waveform
from klio.audio.loading import load
from klio.audio.spectra import decibels, mel, mel_decibels, mfcc, stft
from klio.audio.values import Plot, Signal, Spectrum

__all__ = ["Plot", "Signal", "Sound", "Spectrum", "decibels", "decode", "draw", "load", "mel", "mel_decibels",
    "mel_spectrogram", "mfcc", "mfccs", "save", "spectrogram", "stft", "waveform"]  # fmt: skip
