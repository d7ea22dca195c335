"""The jobs of a graph as processes: started together, watched, and stopped together whatever happens."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from klio_cli import here
from klio_core import lifeline

_STOP_SECONDS = 30.0
_TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class Child:
    """One job that runs; what it prints goes to `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> bool:
        """Whether it has ended, though nobody asked it to."""
        return self.process.poll() is not None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


@contextmanager
def running(arguments: Mapping[str, Sequence[str]], logs: Path) -> Iterator[list[Child]]:
    """Run `klioexec` once for each name, with its arguments, while the block runs; then stop them, and wait.

    What they print is added to a log for each name.
    """
    logs.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []
    try:
        for name, given in arguments.items():
            children.append(_start(name, given, logs / f"{name}.log"))
        yield children
    finally:
        _stop(children)


def _start(name: str, arguments: Sequence[str], log: Path) -> Child:
    with log.open("ab") as output:
        # A group of its own: Ctrl-C comes to us, and we tell each of them once.
        process = subprocess.Popen(
            here.command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            **lifeline.held(),
        )
    return Child(name, process, log)


def _stop(children: Sequence[Child]) -> None:
    for child in children:
        child.process.terminate()
    for child in children:
        try:
            child.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
