"""A path that klio's jobs import."""

from klio_core.errors import KlioRetriesExhausted

__all__ = ["KlioRetriesExhausted"]
