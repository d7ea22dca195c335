"""YAML as it was written: a tree of nodes, each of which knows its place.

Templates and overrides change this tree; only then does it become values. `size` and `depth` count a node with
everything below it, an alias as often as it is used, so that a small text cannot become an immense tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from klio_core.config.problems import Place


@dataclass(frozen=True)
class Scalar:
    """One word of YAML; `plain` if it stood without quotes, so that it may mean a number, true, false or null."""

    text: str
    place: Place
    plain: bool = True
    size: int = 1
    depth: int = 1


@dataclass(frozen=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    place: Place
    size: int
    depth: int

    @classmethod
    def of(cls, items: tuple[Node, ...], place: Place) -> Sequence:
        """Make the list of these items, counted."""
        return cls(items, place, 1 + sum(node.size for node in items), _deeper(items))


@dataclass(frozen=True)
class Mapping:
    """Keys with their values, in the order written; one key may still be there twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place
    size: int
    depth: int

    @classmethod
    def of(cls, entries: tuple[tuple[Scalar, Node], ...], place: Place) -> Mapping:
        """Make the mapping of these entries, counted."""
        values = tuple(value for _, value in entries)
        return cls(entries, place, 1 + sum(1 + node.size for node in values), _deeper(values))

    def get(self, key: str) -> Node | None:
        """Return the value under a key, None if it is not there."""
        return next((value for name, value in self.entries if name.text == key), None)

    def put(self, key: Scalar, value: Node) -> Mapping:
        """Return a copy in which the key holds this value."""
        if self.get(key.text) is None:
            return Mapping.of((*self.entries, (key, value)), self.place)
        entries = tuple((name, value if name.text == key.text else old) for name, old in self.entries)
        return Mapping.of(entries, self.place)


Node: TypeAlias = Scalar | Sequence | Mapping


def _deeper(nodes: tuple[Node, ...]) -> int:
    return 1 + max((node.depth for node in nodes), default=0)
