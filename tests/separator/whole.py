"""The separator as one command, for tests: a process that people would start, and a client of its front."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import soundfile

from serving.parts import free_port
from tests.flow.kit import eventually

T = TypeVar("T")
SERVE = Path(__file__).parents[2] / "examples" / "separator" / "serve.py"
STEMS = {"vocals", "drums", "bass", "other"}
WITHIN_S = 240.0


@dataclass
class Whole:
    """What `make separator` started, where it keeps everything, and what it said."""

    process: subprocess.Popen[bytes]
    project: Path
    port: int
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    @property
    def said(self) -> str:
        return (self.project / "log").read_text()

    @property
    def processes(self) -> dict[int, str]:
        """Every process that has to do with our project, or listens at our port, and its command."""
        ours = (str(self.project), f" --port {self.port} ")
        return {number: command for number, command in _processes() if any(one in command for one in ours)}

    def upload(self, *songs: bytes, **fields: str) -> list[dict[str, Any]]:
        files = [("file", (f"song {number}.flac", song, "audio/flac")) for number, song in enumerate(songs)]
        answer = self.client.post("/v1/songs", files=files, data=fields)
        assert answer.status_code == 202, answer.text
        found: list[dict[str, Any]] = answer.json()["songs"]
        assert [one["hash"] for one in found] == [hashlib.sha256(song).hexdigest() for song in songs]
        return found

    def song(self, song: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/songs/{song}").raise_for_status().json()
        return found

    def until(self, song: str, state: str, within_s: float = WITHIN_S) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            found = self.song(song)
            assert found["state"] in {state, "queued", "working"}, found
            return found if found["state"] == state else None

        return patiently(there, within_s)

    def records(self, job: str = "separate") -> list[dict[str, Any]]:
        """All status records of a job, of all workers that there were."""
        files = (self.project / ".klio" / "status" / job).glob("*.jsonl")
        lines = [line for file in files for line in file.read_text().splitlines(keepends=True)]
        return [json.loads(line) for line in lines if line.endswith("\n")]


def patiently(what: Callable[[], T | None], within_s: float = WITHIN_S) -> T:
    """Answer the first true value of `what()`, asked no more often than a front lets its clients ask."""
    deadline = time.monotonic() + within_s
    while not (value := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.25)
    return value


@contextmanager
def whole(project: Path, *options: str) -> Iterator[Whole]:
    """Start all of it with the small model, and wait until its page is there. Ends it as Ctrl-C does."""
    port = free_port()
    command = [sys.executable, str(SERVE), "--model", "small", "--project", str(project), "--port", str(port)]
    with (project / "log").open("wb") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log, start_new_session=True)
    made = Whole(process, project, port)
    try:
        eventually(lambda: "Ctrl-C stops everything" in made.said or process.poll() is not None, WITHIN_S)
        assert process.poll() is None, made.said
        with made.client:
            yield made
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(WITHIN_S)
        finally:
            process.kill()
            process.wait()


def sound(seconds: float, seed: int = 0) -> bytes:
    """A song of noise, in FLAC; each seed has one of its own."""
    content = io.BytesIO()
    noise = np.random.default_rng(seed).standard_normal((int(44_100 * seconds), 2)) * 0.1
    soundfile.write(content, noise, 44_100, format="FLAC")
    return content.getvalue()


def _processes() -> Iterator[tuple[int, str]]:
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            yield int(directory.name), (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue


def refused(project: Path, *options: str, **environment: str) -> tuple[int, str]:
    """Start it where it cannot run. Answers the exit status, and what it said."""
    command: Sequence[str] = [sys.executable, str(SERVE), "--project", str(project), *options]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False
    )
    return done.returncode, done.stdout + done.stderr
