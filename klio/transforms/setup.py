"""`setup()` of a DoFn whose code runs in a child process: called there, once in each child, and not in the worker.

A model that `setup()` loads is so in the memory of those processes alone that work with it, and need not travel.
"""

from __future__ import annotations

from typing import Any

import apache_beam as beam

_LEFT = ("setup", "teardown")


class LeftToTheChild:
    """Stands in a worker's DoFn for the methods that are called in the child, or that end with it."""

    def __call__(self) -> None:
        """Do nothing here."""


def left_to_the_child(dofn: Any) -> dict[str, Any]:
    """Answer what hides those methods of a DoFn, as a part of its state; nothing where it has none of its own."""
    own = [name for name in _LEFT if getattr(type(dofn), name, None) is not getattr(beam.DoFn, name)]
    return {name: LeftToTheChild() for name in own if isinstance(dofn, beam.DoFn)}


def set_up(*receiver: Any) -> None:
    """In the child: call `setup()` of the object if the worker has left it to us. Raises whatever it raises."""
    for dofn in receiver:
        state = getattr(dofn, "__dict__", {})
        was_left = isinstance(state.get("setup"), LeftToTheChild)
        for name in _LEFT:
            if isinstance(state.get(name), LeftToTheChild):
                del state[name]
        if was_left:
            dofn.setup()
