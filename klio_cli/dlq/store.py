"""Dead letters as objects of Cloud Storage, or of the local object store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from klio_cli.dlq.box import Contents, Held, contents
from klio_core.errors import DataNotFound

if TYPE_CHECKING:
    from klio_cli.objects import Objects, Place


class StoreBox:
    """An object for each letter."""

    def __init__(self, objects: Objects, location: str) -> None:
        from klio_cli.objects import Place

        self._objects = objects
        self._under = Place.parse(location.rstrip("/") + "/")

    def read(self) -> Contents:
        """Answer the letters; none where there is no bucket yet."""
        try:
            return contents(self._records())
        except DataNotFound:
            return Contents([])

    def remove(self, letters: Sequence[Held]) -> None:
        """Remove the objects, unless they were written again since they were read."""
        for place, generation in (record for held in letters for record in held.records):
            self._objects.delete(place, generation)

    def _records(self) -> Iterator[tuple[tuple[Place, int], str, bytes]]:
        for place, _ in self._objects.files(self._under):
            raw, generation = self._objects.read(place)
            yield (place, generation), place.name.removeprefix(self._under.name), raw
