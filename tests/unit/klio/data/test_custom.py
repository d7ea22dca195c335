"""A store of the author's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from klio.data.memory import MemoryStore
from klio.data.stores import store_of
from klio_core.errors import JobCodeError


class Shelf(MemoryStore):
    """A store as an author may write it: made with options."""

    def __init__(self, floor: int = 0) -> None:
        object.__setattr__(self, "floor", floor)

    __slots__ = ("floor",)


class NoStore:
    def exists(self, paths: list[str]) -> list[bool]:
        return [False for _ in paths]


@dataclass(frozen=True)
class Entry:
    """What `klio.data.stores` sees of a data input of type `custom`."""

    class_: str
    options: dict[str, Any] = field(default_factory=dict)
    type: str = "custom"
    location: str = "shelf:1"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setitem(__import__("sys").modules, "shelves", request.module)


def test_a_store_is_made_with_its_options_and_once_for_each_of_them():
    upper = store_of(Entry("shelves.Shelf", {"floor": 2}))

    assert isinstance(upper, Shelf)
    assert upper.floor == 2
    assert store_of(Entry("shelves.Shelf", {"floor": 2})) is upper
    assert store_of(Entry("shelves.Shelf")) is not upper


def test_a_class_that_is_no_store_lacks_methods():
    with pytest.raises(JobCodeError, match="NoStore lacks intact, open, download, commit, generation, paths, delete"):
        store_of(Entry("shelves.NoStore"))
