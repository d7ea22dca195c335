"""The import path that klio 22.3 had for `klio.audio.transforms`."""
