"""`python tethered.py COMMAND…` runs a program that ends when whoever started it is gone, be it by `kill -9`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import FrameType

from klio_core import lifeline

GRACE_S = 15.0
"""Seconds that the program has to end by itself when nobody is left to wait for it."""


def main(command: list[str]) -> int:
    """Be the program, as far as the one who started us can see: its signals, its exit status."""
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if child is not None:
            child.send_signal(number)

    def end() -> None:
        if child is not None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(GRACE_S)
        os.killpg(0, signal.SIGKILL)  # what it has started, and us

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    lifeline.watch(end)  # before the child: the line is ours, not its
    child = subprocess.Popen(command)
    status = child.wait()
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
