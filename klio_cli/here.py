"""A process on this machine: `klioexec` run as a child, with the same Python."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from klio_core import lifeline
from klio_core.errors import EngineError


def klioexec(arguments: Sequence[str]) -> int:
    """Run `klioexec` with these arguments, on our own streams, and answer its exit status (128 + n after signal n).

    SIGTERM goes to the child, which ends in its own way; so does Ctrl-C. Should we be killed, the child notices.
    Raises EngineError where what runs jobs is not installed.
    """
    with subprocess.Popen(command(arguments), **lifeline.held()) as child, _passing_signals_to(child):
        status = child.wait()
    return 128 - status if status < 0 else status


def command(arguments: Sequence[str]) -> list[str]:
    """Answer the command that is `klioexec` with these arguments. Raises EngineError as above."""
    if importlib.util.find_spec("apache_beam") is None:
        raise EngineError(
            "what runs a job is not installed here", expected="apache-beam", todo="pip install 'klio[exec]'"
        )
    return [sys.executable, "-m", "klio_exec.cli", *arguments]


@contextmanager
def _passing_signals_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT or not _on_terminal():
            child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _on_terminal() -> bool:
    """Whether a terminal sends Ctrl-C to our whole process group, the child with it."""
    for stream in (0, 1, 2):
        try:
            return os.tcgetpgrp(stream) == os.getpgrp()
        except OSError:
            continue
    return False
