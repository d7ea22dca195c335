"""The store that keeps a location, chosen once: by its scheme, or by the class that the job file names."""

from __future__ import annotations

import re
from typing import Any

from klio.data.custom import custom_store
from klio.data.local import LocalStore
from klio.data.memory import MemoryStore
from klio.data.store import Store
from klio_core.errors import DataError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


# Stores in this process or its kernel, to which many questions at once are no quicker than one after the other.
_AT_HAND = (LocalStore, MemoryStore)
# What waits to be asked together is garbage to look through meanwhile: so few are none, for Python's collector.
_FEW, _MANY = 50, 1000


def together_in(store: Store) -> int:
    """Answer how many elements' files are best looked for at once. A service takes as long for one as for many."""
    return _FEW if isinstance(store, _AT_HAND) else _MANY


def store_of(entry: Any) -> Store:
    """Answer the store that keeps the media of one data input or output of a job file.

    Raises DataError for a location that no store knows, JobCodeError for a class of the author's that is no store.
    """
    if entry.type == "custom":
        return custom_store(entry.class_, entry.options)
    return store_for(entry.location, getattr(entry, "patience_s", None))


def store_for(location: str, patience_s: float | None = None) -> Store:
    """Answer the store that keeps `location`; a location without a scheme is a directory of this machine.

    `patience_s` is for how many seconds a service that does not answer is asked again; None is its default.
    Google's client is imported only for a `gs://` location. Raises DataError for a scheme that no store knows.
    """
    found = _SCHEME.match(location)
    match found and found[1].lower():
        case None:
            return LocalStore()
        case "memory":
            return MemoryStore()
        case "gs":
            from klio.data.gcs import GcsStore
            from klio.data.gcs_client import Patience

            return GcsStore() if patience_s is None else GcsStore(Patience(patience_s))
    raise DataError(
        "no store knows this kind of location",
        where=location,
        expected="gs://bucket/directory, a directory of this machine, or memory://name",
        got=location.partition("://")[0],
        todo="correct `location` in klio-job.yaml",
    )
