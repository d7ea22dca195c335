"""What the separator is made of: the local cloud, its jobs, the web front; and the commands that start them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from klio_core import local_state
from klio_core.errors import UsageError
from klio_core.local_state import LocalState
from serving.program import Program, answers

HERE = Path(__file__).resolve().parents[1]
JOBS = ("separate", "mix", "callback")
DRAIN_S = 10
"""Seconds that a worker has to finish what it is at when it is asked to end; what it does not finish comes again."""


@dataclass(frozen=True)
class Asked:
    """What may be chosen: where the page is, how many workers make stems, and where everything is kept."""

    host: str
    port: int
    workers: int
    project: Path

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.host}:{self.port}"


def cloud(asked: Asked) -> tuple[LocalState, list[Program]]:
    """Answer where the local cloud is, and the program that it is, where it is not up already."""
    state = local_state.read(asked.project)
    if state is not None and state.alive:
        return state, []
    pubsub, objects = free_port(), free_port()
    ours = LocalState(0, f"127.0.0.1:{pubsub}", f"http://127.0.0.1:{objects}")
    command = _module("klio_exec.cli", "local", "serve", f"--project={asked.project}")
    ports = (f"--pubsub-port={pubsub}", f"--objects-port={objects}")

    def up() -> bool:
        now = local_state.read(asked.project)
        return now is not None and now.pubsub == ours.pubsub and now.alive

    return ours, [Program("cloud", [*command, *ports], HERE, up)]


def jobs(asked: Asked, overrides: Sequence[str], environment: Mapping[str, str]) -> list[Program]:
    """Answer the jobs, with the overrides of their files, `JOB:KEY=VALUE`. Raises UsageError for those of no job."""
    named: dict[str, list[str]] = {name: [] for name in JOBS}
    for override in overrides:
        name, _, said = override.partition(":")
        if name not in named:
            expected = f"JOB:KEY=VALUE, and one of {', '.join(JOBS)} for JOB"
            raise UsageError("this is for none of the jobs", where="--override", expected=expected, got=override)
        named[name].append(said)
    return [_job(name, asked, said, environment) for name, said in named.items()]


def web(asked: Asked, state: LocalState) -> Program:
    """Answer the web front, which finds the local cloud by the variables of Google's own clients."""
    command = _module("web", "--host", asked.host, "--port", str(asked.port))
    return Program("web", command, HERE, answers(f"{asked.url}/readyz"), state.environment())


def free_port() -> int:
    """Answer a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Answer whether a server could listen at an address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _job(name: str, asked: Asked, overrides: Sequence[str], environment: Mapping[str, str]) -> Program:
    health = free_port()
    said = [f"job_config.health_port={health}", f"job_config.drain_timeout_s={DRAIN_S}", *overrides]
    options = [f"-O{one}" for one in said]
    if name == "separate":
        options += ["--workers", str(asked.workers)]
    command = _module("klio_cli.app", "job", "run", "--local", "--project", str(asked.project), "-j", str(HERE / name))
    return Program(name, [*command, *options], HERE, answers(f"http://127.0.0.1:{health}/readyz"), environment)


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
