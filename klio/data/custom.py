"""A store of the author's own: any class that answers `klio.data.store.Store`."""

from __future__ import annotations

from typing import Any

from klio.data.store import Store
from klio.dotted import made

_MADE: dict[tuple[str, str], Store] = {}


def custom_store(path: str, options: dict[str, Any]) -> Store:
    """Answer the store of the class at a dotted path: in one process the same for the same options.

    Raises JobCodeError where there is no such class, or it is no store.
    """
    key = (path, repr(options))
    if key not in _MADE:
        _MADE.setdefault(key, made(path, options, Store))
    return _MADE[key]
