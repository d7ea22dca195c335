"""From nodes to plain Python values, and where each of them was written."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from klio_core.config.nodes import Mapping, Node, Scalar, Sequence
from klio_core.config.problems import KeyPath, Place, Problem, dotted
from klio_core.config.scalars import resolve


@dataclass
class Values:
    """`data` as dicts, lists and scalars; `places` by path; `problems` for keys that are there twice."""

    data: object = None
    places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, root: Node) -> Values:
        """Turn a tree into values."""
        values = cls()
        values.data = values._value(root, ())
        return values

    def place(self, path: KeyPath, default: Place) -> Place:
        """Return where a path was written, or else the nearest of what it is in."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, default)

    def _value(self, node: Node, path: KeyPath) -> object:
        self.places.setdefault(path, node.place)
        match node:
            case Scalar():
                return typed(node)
            case Sequence():
                return [self._value(item, (*path, index)) for index, item in enumerate(node.items)]
            case Mapping():
                return self._mapping(node, path)

    def _mapping(self, node: Mapping, path: KeyPath) -> dict[Hashable, object]:
        first: dict[Hashable, Place] = {}
        values: dict[Hashable, object] = {}
        for key_node, value in node.entries:
            key = typed(key_node)
            here = (*path, key)
            if key in first:
                self.problems.append(_twice(here, key_node.place, first[key]))
                continue
            first[key] = key_node.place
            # The line of a key is where an editor should jump, also when its value begins further down.
            self.places[here] = key_node.place
            values[key] = self._value(value, here)
        return values


def typed(node: Scalar) -> Hashable:
    """Return what a scalar means: with quotes always text."""
    return resolve(node.text) if node.plain else node.text


def _twice(path: KeyPath, second: Place, first: Place) -> Problem:
    return Problem("the key is there twice", second, dotted(path), got=f"also at {first}", todo="keep one")
