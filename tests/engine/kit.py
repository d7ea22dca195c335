"""The hand as a process, and jobs for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 300
NewJob = Callable[..., Path]


@dataclass(frozen=True)
class Hand:
    """`klio`, run from a directory."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *argv: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(argv), cwd=self.directory, env=self._with(environment), capture_output=True, text=True,
            timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def ok(self, *argv: object, **environment: str) -> str:
        """Answer what it printed, after it went well."""
        done = self(*argv, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def started(self, *argv: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """The command as it runs, in a session of its own; killed at the end if it still runs."""
        popen = subprocess.Popen(
            command(argv), cwd=self.directory, env=self._with(environment), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        with popen:
            yield popen
            popen.kill()

    def _with(self, environment: dict[str, str]) -> dict[str, str]:
        """Our variables without those by which this machine's own credentials would be found."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "CLOUDSDK_"))}
        return {**ours, "HOME": str(self.directory), **self.environment, **environment}


def processes() -> str:
    """The arguments of all processes of this machine, those in containers among them."""
    return subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def command(argv: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", "klio_cli.app", *map(str, argv)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
