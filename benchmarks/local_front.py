"""The separator's front as one uses it: a process of its own, before a local cloud that is one, too, and full of songs.

No job runs: what `separate` would have made lies there already, as small objects, and its workers' records are
published here. So nothing of this needs PyTorch.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import urlencode, urlsplit

from benchmarks.local_job import wait_until
from benchmarks.table import check
from klio_core.config import load
from klio_core.local_state import LocalState
from klio_exec.local import world
from klio_exec.resources import make_missing

_EXAMPLE = Path(__file__).parents[1] / "examples" / "separator"
sys.path.insert(0, str(_EXAMPLE))  # as `python -m web` there

from web.model import SongFile  # noqa: E402  (it needs the path)
from web.places import Places, Stem  # noqa: E402  (it needs the path)

_AT_ONCE = 4
_PEAKS = {stem: [number % 101 for number in range(1000)] for stem in Stem}
_STEM = b"\xff\xfb\x90\x64" + bytes(600)
# It is the front that is measured, not its limits.
_FREE = ("uploads_per_minute=0", "requests_per_minute=0", "streams_per_client=0")


@dataclass(frozen=True)
class Front:
    """A front that is up: its process, and where it listens."""

    process: subprocess.Popen[bytes]
    port: int

    def connect(self) -> http.client.HTTPConnection:
        """Answer a new connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    @property
    def resident_mib(self) -> float:
        """Its memory."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    @property
    def cpu_s(self) -> float:
        """The CPU time that it has taken so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cloud:
    """The local cloud, and where the separator keeps what in it."""

    directory: Path
    state: LocalState

    @cached_property
    def places(self) -> Places:
        """Where everything lies."""
        return Places.of(_EXAMPLE)

    def put(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Make objects, by path."""
        queue = iter(list(objects))
        threads = [Thread(target=self._put_all, args=(queue,)) for _ in range(_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def fill(self, songs: Sequence[str], *, done: bool = True) -> None:
        """Have songs there, by their hashes; with stems and peaks where they are done."""
        self.put(pair for number, song in enumerate(songs) for pair in self._objects(number, song, done=done))

    def _objects(self, number: int, song: str, *, done: bool) -> Iterator[tuple[str, bytes]]:
        at = datetime.now(UTC) - timedelta(days=1, seconds=-number)
        file = SongFile(file_name=f"{number}.mp3", kind="mp3", size_bytes=9, title=f"Song {number}", uploaded_at=at)
        yield self.places.song_file(song), file.model_dump_json().encode()
        if not done:
            return
        facts = {"duration_s": 200.0, "seconds": 60.0, "worker": "w", "attempt": 1, "peaks": _PEAKS}
        yield from ((self.places.stem(song, stem), _STEM) for stem in Stem)
        yield self.places.peaks(song), json.dumps(facts).encode()

    def _put_all(self, queue: Iterator[tuple[str, bytes]]) -> None:
        line = http.client.HTTPConnection(urlsplit(self.state.objects).netloc)
        for path, content in queue:
            bucket, _, name = path.removeprefix("gs://").partition("/")
            asked = urlencode({"uploadType": "media", "name": name})
            line.request("POST", f"/upload/storage/v1/b/{bucket}/o?{asked}", content)
            answer = line.getresponse()
            said = answer.read()
            check(answer.status == 200, f"{path} cannot be put there: {said[:200]!r}")
        line.close()

    @contextmanager
    def front(self) -> Iterator[Front]:
        """Start a front; the block begins before it is ready. It ends with the block, and must end well."""
        port = _free_port()
        command = [sys.executable, "-m", "web", "--port", str(port), *(f"-O{said}" for said in _FREE)]
        with (self.directory / "front.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=_EXAMPLE, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield Front(process, port)
        finally:
            process.terminate()
            status = process.wait(60)
        check(
            status in (0, -signal.SIGTERM),
            f"the front ended with {status}:\n{(self.directory / 'front.log').read_text()}",
        )


@contextmanager
def a_cloud() -> Iterator[Cloud]:
    """A local cloud with all that the separator's jobs name, empty."""
    with TemporaryDirectory(prefix="klio-bench-") as name:
        directory = Path(name)
        state = world.up(directory)
        os.environ.update(state.environment())
        try:
            for job_file in sorted(_EXAMPLE.glob("*/klio-job.yaml")):
                make_missing(load(job_file))
            yield Cloud(directory, state)
        finally:
            world.down(directory)


def hashes(first: int, last: int) -> list[str]:
    """Answer what songs are called."""
    return [hashlib.sha256(b"%d" % number).hexdigest() for number in range(first, last)]


def until_ready(front: Front) -> float:
    """Wait until a front is ready, and answer when it was (s, monotonic)."""

    def holds() -> bool:
        check(front.process.poll() is None, "the front ended before it was ready")
        return _ready(front)

    return wait_until(holds, every_s=0.01)


def _ready(front: Front) -> bool:
    line = front.connect()
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except ConnectionError:
        return False
    finally:
        line.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
