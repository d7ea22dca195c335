"""Hears a process's signals in a thread of its own.

Python runs a signal's handler in the main thread, when that comes back from what it waits for. The kernel wakes any
thread for it: where another one begins a thread at that moment, as gRPC does for many calls, the main one sleeps on,
maybe for ever. It also sleeps on in long work of native code. A thread that waits for nothing else hears at once.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Collection

_one: list[socket.socket] = []  # the end that Python writes to


def hear(numbers: Collection[signal.Signals], heard: Callable[[signal.Signals], None]) -> None:
    """Call `heard` with each of these signals that comes. Only the main thread may ask; who asks later hears instead.

    A forked copy of the process does not hear: SIGTERM ends it, as anybody expects who has started it, and Ctrl-C, of
    which a terminal tells it as well, is left to the process that has begun its work.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    for before in _one:
        before.close()
    _one[:] = [theirs]
    for number in numbers:
        signal.signal(number, _told_elsewhere)
    threading.Thread(target=_listen, args=(ours, frozenset(numbers), heard), name="klio-signals", daemon=True).start()


def _listen(line: socket.socket, numbers: frozenset[signal.Signals], heard: Callable[[signal.Signals], None]) -> None:
    with line:
        while told := line.recv(64):
            for number in told:
                if number in numbers:
                    heard(signal.Signals(number))


def _told_elsewhere(_number: int, _frame: object) -> None:
    """Without a handler in Python nobody is told."""


def _forget() -> None:
    if _one:
        signal.set_wakeup_fd(-1)
        if signal.getsignal(signal.SIGTERM) is _told_elsewhere:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _one.pop().close()


os.register_at_fork(after_in_child=_forget)
