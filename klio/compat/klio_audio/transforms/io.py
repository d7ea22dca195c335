"""Steps from and to files."""

from klio.audio.transforms import GcsLoadBinary, GcsUploadPlot

__all__ = ["GcsLoadBinary", "GcsUploadPlot"]
