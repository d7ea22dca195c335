"""Audio files, read whole and with care, or an error that says why not. Needs the extra `klio[audio]`."""

from klio.audio.decoding import Sound, decode

__all__ = ["Sound", "decode"]
