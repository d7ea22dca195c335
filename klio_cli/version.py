"""Which klio this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

SOURCE_TREE = "0+source"


def klio_version() -> str:
    """Answer the installed version, or `0+source` for a source tree that was never installed."""
    try:
        return version("klio")
    except PackageNotFoundError:
        return SOURCE_TREE
