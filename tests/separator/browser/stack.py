"""All of the separator for tests, each part a process of its own: local cloud, jobs, web front."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from klio_core.config import load
from klio_core.local_state import LocalState
from klio_exec.local import world
from klio_exec.resources import make_missing
from tests.separator.conftest import MIX, SEPARATE

SEPARATOR = SEPARATE.parent
ROOT = SEPARATOR.parents[1]
PATIENCE_S = 120.0
TRUSTED = "job_config.trusted=[tests.separator.models.FixedShares]"
SHARES = ("job_config.model=shares", TRUSTED)
SMALL = ("job_config.model=small", TRUSTED)


@dataclass
class Stack:
    """What runs, and where the page is."""

    project: Path
    repo: Path
    state: LocalState
    port: int
    front: subprocess.Popen[bytes] | None = None
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    def separate(self, *overrides: str) -> None:
        said = ["job_config.lease_s=10", f"job_config.repo={self.repo}", *(overrides or SHARES)]
        self.start_job(SEPARATE, said)

    def start_job(self, job: Path, overrides: Sequence[str] = ()) -> None:
        """Run a job as `klio job run --local` does."""
        command = ["-m", "klio_cli.app", "job", "run", "--local", "--project", str(self.project), "-j", str(job)]
        process, log = self._start(job.name, [*command, *(f"-O{one}" for one in overrides)], ROOT)
        self.workers[job.name] = process
        wait_until(lambda: "Ctrl-C stops it" in log.read_text() or process.poll() is not None, log)
        assert process.poll() is None, log.read_text()

    def start_front(self, *options: str) -> None:
        command = ["-m", "web", "--host", "127.0.0.1", "--port", str(self.port), *options]
        self.front, log = self._start("web", command, SEPARATOR)
        wait_until(lambda: self._ready(log), log)

    def kill_front(self) -> None:
        assert self.front is not None
        self.front.kill()
        self.front.wait()
        self.front = None

    def kill_worker(self, name: str = "separate") -> None:
        """kill -9 the command and all that it has started."""
        process = self.workers.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def send(self, content: bytes, name: str = "song.flac") -> dict[str, Any]:
        """Upload a song as a program does, and answer it."""
        with self.client as client:
            answer = client.post("/v1/songs", files={"file": (name, content)})
        assert answer.status_code in (200, 202), answer.text
        song: dict[str, Any] = answer.json()["songs"][0]
        return song

    def done(self, content: bytes, name: str = "song.flac") -> dict[str, Any]:
        """Upload a song, and answer it when its stems are there."""
        return self.until(self.send(content, name), "done")

    def until(self, song: dict[str, Any], state: str) -> dict[str, Any]:
        """Wait until a song is in a state, and answer it."""
        with self.client as client:
            return wait_until(lambda: (now := client.get(song["links"]["self"]).json())["state"] == state and now)

    def stop(self) -> None:
        running = [*self.workers.values(), *([self.front] if self.front else [])]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(PATIENCE_S)
        world.down(self.project)

    def _start(self, name: str, command: Sequence[str], cwd: Path) -> tuple[subprocess.Popen[bytes], Path]:
        log = self.project / f"{name}-{time.monotonic_ns()}.log"
        environment = {**os.environ, **self.state.environment(), "PYTHONPATH": str(ROOT)}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=cwd, env=environment, stdout=out, stderr=out, start_new_session=True
            )
        return process, log

    def _ready(self, log: Path) -> bool:
        assert self.front is not None
        assert self.front.poll() is None, log.read_text()
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: Any, log: Path | None = None) -> Any:
    """Answer the first true value of `what()`."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := what()):
        assert time.monotonic() < deadline, log.read_text() if log else f"not within {PATIENCE_S} s"
        time.sleep(0.05)
    return value


@contextmanager
def a_stack(project: Path, repo: Path) -> Iterator[Stack]:
    """A cloud and its front; jobs are started by who needs them."""
    stack = Stack(project, repo, world.up(project), free_port())
    try:
        _make_places(stack.state)
        stack.start_front("-Ouploads_per_minute=0", "-Orequests_per_minute=0")
        stack.start_job(MIX)
        stack.separate()
        yield stack
    finally:
        stack.stop()


def _make_places(state: LocalState) -> None:
    """Make what a front listens to, also of jobs that no test runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in state.environment().items():
            patch.setenv(name, value)
        for job_file in sorted(SEPARATOR.glob("*/klio-job.yaml")):
            make_missing(load(job_file))
