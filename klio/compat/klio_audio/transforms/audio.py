"""Steps between sound, spectra and pictures."""

from klio.audio.transforms import (
    GetMelSpec,
    GetMFCC,
    GetSpec,
    GetSTFT,
    LoadAudio,
    MelSpecToPlot,
    MFCCToPlot,
    SpecToPlot,
    WaveformToPlot,
)

__all__ = ["GetMFCC", "GetMelSpec", "GetSTFT", "GetSpec", "LoadAudio", "MFCCToPlot", "MelSpecToPlot", "SpecToPlot",
    "WaveformToPlot"]  # fmt: skip
