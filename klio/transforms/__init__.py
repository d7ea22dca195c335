"""What an author puts into a pipeline."""

from typing import Any

__all__ = [
    "KlioReadFromAvro",
    "KlioReadFromBigQuery",
    "KlioReadFromPubSub",
    "KlioReadFromText",
    "KlioWriteToAvro",
    "KlioWriteToBigQuery",
    "KlioWriteToPubSub",
    "KlioWriteToText",
]


def __getattr__(name: str) -> Any:
    """Import the transforms of events when one is first asked for: the decorators alone do not need them."""
    if name in __all__:
        from klio.transforms import io

        return getattr(io, name)
    raise AttributeError(f"module 'klio.transforms' has no attribute {name!r}")
