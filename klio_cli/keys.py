"""The keys that somebody presses while a picture is shown."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Pressed = Callable[[float], str]


@contextmanager
def keys(stream: TextIO) -> Iterator[Pressed]:
    """Give what answers the next key within so many seconds, or nothing: at once, without Return, and not shown.

    Where the stream is no terminal there are no keys, and the time passes. Ctrl-C is an interrupt, as ever.
    """
    if not stream.isatty():
        yield _no_key
        return
    import termios
    import tty

    descriptor = stream.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield lambda seconds: _key(descriptor, seconds)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _key(descriptor: int, seconds: float) -> str:
    ready, _, _ = select.select([descriptor], [], [], seconds)
    return os.read(descriptor, 1).decode(errors="replace") or "q" if ready else ""  # nothing: the terminal is gone


def _no_key(seconds: float) -> str:
    time.sleep(seconds)
    return ""
