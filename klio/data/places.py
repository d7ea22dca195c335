"""Where the files of an element are to be, and whether they are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from klio.data.locate import path_of, split_element
from klio.data.store import Store
from klio.data.stores import store_of, together_in


class Place(NamedTuple):
    """Where a file of one data input or output is to be; `number` is the entry's in the job file.

    `verify` says that a file which is not intact counts as missing.
    """

    number: int
    store: Store
    path: str
    verify: bool = False


class Files:
    """The files of one data input or output: what can be known of them before an element comes."""

    def __init__(self, number: int, entry: Any) -> None:
        self._number = number
        self._store = store_of(entry)
        self._location, self._suffix = entry.location, entry.file_suffix
        self._separator = getattr(entry, "split", None)
        self._verify = entry.verify is not None
        self.together = together_in(self._store)
        """The files of so many elements are best looked for at once."""

    def of(self, element: bytes) -> list[Place]:
        """Answer where the files of an element are to be. Raises BadElement."""
        if self._separator is None:  # nearly all jobs, for nearly all of their elements
            return [self._place(element)]
        return [self._place(name) for name in split_element(element, self._separator)]

    def _place(self, name: bytes) -> Place:
        return Place(self._number, self._store, path_of(self._location, name, self._suffix), self._verify)


def existing(places: Sequence[Place]) -> list[bool]:
    """Answer for each place whether there is a file; a store is asked for all of its own at once. Raises DataError."""
    together: dict[tuple[Store, bool], dict[int, str]] = defaultdict(dict)
    by_entry: dict[int, dict[int, str]] = {}
    for index, place in enumerate(places):
        if place.number not in by_entry:  # the entry says the store: comparing stores for each file takes long
            by_entry[place.number] = together[place.store, place.verify]
        by_entry[place.number][index] = place.path
    there = [False] * len(places)
    for (store, verify), paths in together.items():
        look = store.intact if verify else store.exists
        for index, found in zip(paths, look(list(paths.values())), strict=True):
            there[index] = found
    return there


def places_of(files: Sequence[Files], element: bytes) -> list[Place]:
    """Answer where the files of an element are to be, in all these inputs or outputs. Raises BadElement."""
    if len(files) == 1:
        return files[0].of(element)
    return [place for entry in files for place in entry.of(element)]
