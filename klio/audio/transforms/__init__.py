"""Steps of audio jobs, `songs | LoadAudio() | GetMelSpec() | MelSpecToPlot()`, and what lets one's own stand there."""

from klio.audio.transforms.binary import Item, handle_binary
from klio.audio.transforms.files import GcsLoadBinary, GcsUploadPlot
from klio.audio.transforms.load import LoadAudio
from klio.audio.transforms.plots import MelSpecToPlot, MFCCToPlot, SpecToPlot, WaveformToPlot
from klio.audio.transforms.spectra import GetMelSpec, GetMFCC, GetSpec, GetSTFT

__all__ = ["GcsLoadBinary", "GcsUploadPlot", "GetMFCC", "GetMelSpec", "GetSTFT", "GetSpec", "Item", "LoadAudio",
    "MFCCToPlot", "MelSpecToPlot", "SpecToPlot", "WaveformToPlot", "handle_binary"]  # fmt: skip
