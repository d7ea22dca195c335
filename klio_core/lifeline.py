"""A line from a process to its children: they notice when it is gone, however it went.

The parent holds one end of a pipe and writes nothing; the kernel closes that end with the process, even after
`kill -9`, and then each child reads the end of the file. Into a container leads its standard input, which the engine
closes when whoever is attached to it is gone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from typing import TypedDict

_VARIABLE = "KLIO_LIFELINE"
_STDIN = "stdin"
BY_STDIN = {_VARIABLE: _STDIN}
"""The environment of a process that is to watch its standard input."""


class Held(TypedDict):
    """Arguments of subprocess.Popen."""

    pass_fds: tuple[int]
    env: dict[str, str]


def held() -> Held:
    """Answer what a child is started with, so that it can watch this process: `Popen(command, **held())`."""
    end = _childrens_end()
    return {"pass_fds": (end,), "env": {**os.environ, _VARIABLE: f"{end} {os.fstat(end).st_ino}"}}


def watch(when_gone: Callable[[], None]) -> None:
    """Call `when_gone`, in a thread of its own, when the process that started this one with `held()` is gone.

    Nothing is done in a process that was started in another way.
    """
    end = _our_end()
    if end is not None:
        threading.Thread(target=_wait, args=(end, when_gone), name="klio-lifeline", daemon=True).start()


def keep() -> None:
    """Let the program that this process becomes watch the line, whatever it does to its standard input."""
    end = _our_end()
    if end is not None:
        os.set_inheritable(end, True)
        os.environ[_VARIABLE] = f"{end} {os.fstat(end).st_ino}"


def _our_end() -> int | None:
    """Answer our end; None also where the variable was meant for a process above us, whose number is no line here."""
    number, _, pipe = os.environ.pop(_VARIABLE, "").partition(" ")
    if number == _STDIN:
        return os.dup(0)
    try:
        return int(number) if number and os.fstat(int(number)).st_ino == int(pipe) else None
    except OSError:
        return None


def _wait(end: int, when_gone: Callable[[], None]) -> None:
    with os.fdopen(end, "rb", buffering=0) as line:
        line.read(1)
    when_gone()


@cache
def _childrens_end() -> int:
    """Open the one pipe of this process. A fork is no child that watches, so it must not hold our end."""
    theirs, ours = os.pipe()
    os.register_at_fork(after_in_child=lambda: _let_go(ours))
    return theirs


def _let_go(ours: int) -> None:
    os.close(ours)
    _childrens_end.cache_clear()
