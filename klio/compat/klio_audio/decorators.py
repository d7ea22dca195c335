"""The decorator that gives arrays in place of payloads."""

from klio.audio.transforms import handle_binary

__all__ = ["handle_binary"]
