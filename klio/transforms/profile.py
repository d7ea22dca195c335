"""`@profile`: marks what `klio job profile` looks at; anywhere else it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from klio.utils import ThreadLimiter

Profiler = Callable[[Callable[..., Any]], Callable[..., Any]]


class Clock(Protocol):
    """Is told when the author's code runs under `@handle_klio`, and when it does not."""

    def on(self) -> None:
        """The author's code begins, or goes on, in this thread."""

    def off(self) -> None:
        """It stands still, or has ended."""


# One at most of each: a process profiles one job, once.
_active: list[Profiler] = []
_clocks: list[Clock] = []


def activate(profiler: Profiler | None, clock: Clock | None = None) -> None:
    """Let `profiler` wrap every callable that is marked from here on, and tell `clock` when code runs; None ends it.

    Call it before the job's modules are imported. While there is a clock, `@timeout` and `isolation: subprocess` are
    without effect: all code runs in this process, where it is seen.
    """
    _active[:] = [] if profiler is None else [profiler]
    _clocks[:] = [] if clock is None else [clock]


def profiled(func: Callable[..., Any]) -> Callable[..., Any]:
    """Answer the callable, wrapped by the active profiler if there is one."""
    return _active[0](func) if _active else func


def is_profiling() -> bool:
    """Whether somebody wants to see when code runs."""
    return bool(_clocks)


def slot(limiter: ThreadLimiter) -> tuple[Callable[[], None], Callable[[], None]]:
    """Answer what takes a slot of the limiter, and what gives it back; the active clock is told in between."""
    take, give = limiter.take, limiter.give
    if not _clocks:
        return take, give
    on, off = _clocks[0].on, _clocks[0].off

    def begin() -> None:
        take()
        on()

    def end() -> None:
        off()
        give()

    return begin, end
