"""What Python tells while it runs, by its audit events (PEP 578): whoever listens is called in the thread that acts."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from functools import cache

Listener = Callable[[tuple[object, ...]], None]

_listeners: defaultdict[str, list[Listener]] = defaultdict(list)


def listen(event: str, listener: Listener) -> None:
    """Call `listener` with the arguments of each event of that name, as long as the process lives."""
    _listeners[event].append(listener)
    _hook()


@cache
def _hook() -> None:
    """Begin to listen; Python has no way to end it."""
    sys.addaudithook(_tell)


def _tell(event: str, arguments: tuple[object, ...]) -> None:
    if event in _listeners:
        for listener in _listeners[event]:
            listener(arguments)
