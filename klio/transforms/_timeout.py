"""A path that klio's jobs import."""

from klio_core.errors import KlioTimeoutError

__all__ = ["KlioTimeoutError"]
