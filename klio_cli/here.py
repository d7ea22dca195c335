"""A process on this machine: `klioexec` run as a child, with the same Python."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from klio_core import lifeline, local_state, runs
from klio_core.errors import EngineError
from klio_core.invocation import Invocation


def klioexec(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run `klioexec` with these arguments, on our own streams, and answer its exit status (128 + n after signal n).

    `environment` is added to ours.

    SIGTERM goes to the child, which ends in its own way; so does Ctrl-C. Should we be killed, the child notices.
    Raises EngineError where what runs jobs is not installed.
    """
    held = lifeline.held()
    held["env"].update(environment or {})
    with subprocess.Popen(command(arguments), **held) as child, _passing_signals_to(child):
        status = child.wait()
    return 128 - status if status < 0 else status


def run(job: Invocation) -> int:
    """Run a job on this machine, recorded among the runs of its project. Answers its exit status; raises as above."""
    return klioexec(["run", *job.argv()], recorded(job))


def recorded(job: Invocation) -> dict[str, str]:
    """Answer the environment in which `klioexec run` records itself."""
    return {runs.VARIABLE: str(local_state.project_of(job))}


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
