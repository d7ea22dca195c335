"""`@profile`: marks what `klioexec profile` looks at; anywhere else it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Profiler = Callable[[Callable[..., Any]], Callable[..., Any]]

_active: list[Profiler] = []  # one at most: a process profiles with one profiler


def activate(profiler: Profiler | None) -> None:
    """Let `profiler` wrap every callable that is marked from here on; None ends it.

    Call it before the job's modules are imported.
    """
    _active[:] = [] if profiler is None else [profiler]


def profiled(func: Callable[..., Any]) -> Callable[..., Any]:
    """Answer the callable, wrapped by the active profiler if there is one."""
    return _active[0](func) if _active else func
