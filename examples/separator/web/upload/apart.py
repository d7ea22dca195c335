"""Tags read in processes of their own, which may take so much memory and so many seconds.

What a hostile file does to the library that reads it (a tag that unpacks to gigabytes, ten million tiny parts), it
does there. A process stays for the next file; one that is too slow is ended, and the next file gets a new one.
"""

from __future__ import annotations

import contextlib
import json
import resource
import select
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from web.upload import tags
from web.upload.sniff import Kind
from web.upload.tags import Tags

MEMORY_BYTES = 1 << 30
SECONDS = 3.0
_START_S = 60.0
_ROOT = Path(__file__).parents[2]  # where `web` is imported from


class Readers:
    """Processes that read tags: as many as files are read at once. Any thread may ask; `close` ends them."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def read(self, path: Path, kind: Kind) -> Tags:
        """Answer what a file says of itself; nothing where that cannot be read, takes too long or too much memory."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        process = process or _start()
        answer = _ask(process, path, kind, self._seconds)
        if answer is None:
            _end(process)
            return Tags()
        with self._lock:
            self._idle.append(process)
        return Tags(**answer)

    def warm(self) -> None:
        """Have one ready, so that the first file does not wait for it."""
        self.read(Path(__file__), Kind.WAV)

    def close(self) -> None:
        """End those that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            _end(process)


def _start() -> subprocess.Popen[bytes]:
    """Start a process, and wait until it has imported what it needs: that is not the file's time."""
    command = [sys.executable, "-m", "web.upload.apart"]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=_ROOT, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True)
    _line(process, _START_S)
    return process


def _ask(process: subprocess.Popen[bytes], path: Path, kind: Kind, seconds: float) -> dict[str, Any] | None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps([str(path.absolute()), kind]).encode() + b"\n")
        process.stdin.flush()
    except OSError:  # it has ended meanwhile
        return None
    line = _line(process, seconds)
    answer: dict[str, Any] | None = json.loads(line) if line else None
    return answer


def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    """Answer what a process says next, nothing where it says nothing: a short line, which comes whole."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline() if ready else b""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what was not yet sent
            if pipe is not None:
                pipe.close()
    process.wait()


def _answers() -> None:
    """Say that this process is ready, then answer each line of the standard input with one, until there is no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(flush=True)
    for line in sys.stdin:
        path, kind = json.loads(line)
        print(json.dumps(asdict(_tags(Path(path), Kind(kind)))), flush=True)


def _tags(path: Path, kind: Kind) -> Tags:
    try:
        return tags.read(path, kind)
    except Exception:  # noqa: BLE001 - whatever a library stumbles over in a hostile file, its tags are none
        return Tags()


if __name__ == "__main__":
    _answers()
