"""What the kernel is asked about processes. On a machine without Linux's /proc it knows of none.

This is imported by the small process that guards a child: nothing here imports more than the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_LIBC = ctypes.CDLL(None)
# The numbers of prctl's options: man 2 prctl.
_SET_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
# 0 is usual, 1000 the first to go.
_SOON = 500


def adopt_orphans() -> None:
    """Let what descends from this process stay below it, whoever ends in between, and whatever session it makes."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Let the kernel kill this process when the thread that started it is gone."""
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def go_first() -> None:
    """When memory is short, let the kernel end this process before its parent."""
    score = _PROC / "self/oom_score_adj"
    with suppress(OSError, ValueError):
        score.write_text(str(max(_SOON, int(score.read_text()))))


def children_of(pid: int) -> set[int]:
    """Answer the processes that `pid` is the parent of, those included that have ended and wait to be asked."""
    return _by_parent()[pid]


def has_children() -> bool:
    """Whether there is any process that this one is the parent of. It takes a thousandth of the time of `children_of`.

    Where the kernel cannot be asked (macOS), nothing is known of any.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (ChildProcessError, AttributeError):
        return False
    return True


def descendants_of(pid: int) -> set[int]:
    """Answer the children of `pid`, their children, and so on."""
    by_parent = _by_parent()
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        new = by_parent[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def flush_c() -> None:
    """Write what libraries in C have printed, and hold back."""
    _LIBC.fflush(None)


def _by_parent() -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for path in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            # The name, in parentheses, may hold anything; after it come the state and the parent.
            found[int(path.read_bytes().rpartition(b")")[2].split()[1])].add(int(path.parent.name))
    return found


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _LIBC.prctl(option, value, 0, 0, 0)


def exit_status(status: int) -> str:
    """Say how a process ended, by what `os.waitstatus_to_exitcode` answers."""
    if status >= 0:
        return f"exit status {status}"
    with suppress(ValueError):  # a number without a name: a real-time signal
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"
