"""A whole front for tests: a cloud in this process, a real server in a thread, and the jobs' part played by hand."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from klio.events import pubsub
from klio.testing import LocalCloud, local_cloud
from klio_core.config import load
from klio_core.dead_letter import DeadLetter
from klio_core.errors import KlioError
from klio_core.message import Message
from klio_core.status import State, Status
from klio_exec.resources import make_missing
from web.front import Front
from web.model import SongFile
from web.places import Job, Places, Stem
from web.serve import Server
from web.settings import Settings

T = TypeVar("T")
JOBS = Path(__file__).parents[3] / "examples" / "separator"
PATIENCE_S = 30.0
WORKER = "worker-1"


def eventually(what: Callable[[], T], within_s: float = PATIENCE_S) -> T:
    """Answer the first true value of `what()`; fail with its last value when the time is over."""
    deadline = time.monotonic() + within_s
    while not (value := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s; the last value was {value!r}"
        time.sleep(0.02)
    return value


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Jobs:
    """What the jobs do, done by hand: objects, records, dead letters."""

    cloud: LocalCloud
    places: Places

    def upload(self, content: bytes = b"a song", **facts: Any) -> str:
        """Put an upload there as a front does, without asking any job. Answers its hash."""
        song = hash_of(content)
        said = {"file_name": "song.mp3", "kind": "mp3", "size_bytes": len(content), "title": "A Song"} | facts
        file = SongFile.model_validate({"uploaded_at": datetime.now(UTC), **said})
        self.cloud.put(self.places.original(song), content)
        self.cloud.put(self.places.song_file(song), file.model_dump_json().encode())
        return song

    def make_stems(self, song: str, stems: Mapping[str, bytes] | None = None, **facts: Any) -> None:
        """Commit stems and peaks, as `separate` does."""
        for stem in Stem:
            self.cloud.put(self.places.stem(song, stem), (stems or {}).get(stem, f"{stem} of {song}".encode()))
        said = {"duration_s": 12.5, "model": "shares", "seconds": 3.0, "worker": WORKER, "attempt": 1}
        peaks = {"peaks": {stem: [1, 2, 3] for stem in Stem}}
        self.cloud.put(self.places.peaks(song), json.dumps(said | peaks | facts).encode())

    def make_mix(self, song: str, name: str, content: bytes = b"a mix") -> None:
        """Commit a mix, as `mix` does."""
        self.cloud.put(self.places.mix_of(song, name), content)

    def tell(self, song: str, state: State, *, job: Job | None = None, **said: Any) -> None:
        """Publish a status record, as a worker does."""
        job = job or self.places.separate
        record = Status(song.encode(), job.ref.job_name, state, time.time(), worker=WORKER)
        topic = self.places.status_topic
        pubsub.wait_for(topic, [pubsub.publish(topic, replace(record, **said).encode(), job=job.ref.job_name)])

    def fail(self, song: str, error: KlioError, *, job: Job | None = None, payload: bytes = b"") -> None:
        """Keep a dead letter, and tell of it, as a worker does."""
        job = job or self.places.separate
        message = Message.of(song.encode(), payload=payload).encode()
        letter = DeadLetter(
            message, song.encode(), job.ref.job_name, error.reason, type(error).__name__, str(error), time.time()
        )
        self.cloud.put(f"{job.dead_letters}/{letter.name}", letter.encode())
        self.tell(song, State.DEAD_LETTER, job=job, note=f"{error.reason}: {type(error).__name__}: {error.what}")

    def asked(self, job: Job) -> list[Message]:
        """Take what was published to a job since the last time."""
        reader = pubsub.Subscription(job.subscription)
        try:
            came = reader.pull(1000, 0.5) or []
            reader.ack([one.ack_id for one in came])
        finally:
            reader.close()
        return [Message.decode(one.data) for one in came]


@dataclass
class Served:
    """A front that is up, and a client of it."""

    front: Front
    jobs: Jobs
    url: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    @property
    def cloud(self) -> LocalCloud:
        return self.jobs.cloud

    def song(self, song: str) -> dict[str, Any]:
        """Answer a song as the REST interface does."""
        answer = self.client.get(f"/v1/songs/{song}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def until(self, song: str, **fields: Any) -> dict[str, Any]:
        """Wait until a song has these values, and answer it."""

        def there() -> dict[str, Any] | None:
            answer = self.client.get(f"/v1/songs/{song}")
            found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
            return found if fields.items() <= found.items() and found else None

        return eventually(there)


@contextmanager
def a_cloud(faults: Sequence[str] = ()) -> Iterator[Jobs]:
    """A cloud with all topics, subscriptions and the bucket of the jobs, and a hand that plays them."""
    places = Places.of(JOBS)
    with local_cloud(faults=faults) as cloud:
        for job_file in sorted(JOBS.glob("*/klio-job.yaml")):
            make_missing(load(job_file))
        pubsub.ensure_topic(places.status_topic)
        yield Jobs(cloud, places)


@contextmanager
def served(jobs: Jobs, **settings: Any) -> Iterator[Served]:
    """A front on a free port, in a thread, ready."""
    front = Front(Settings.model_validate({"host": "127.0.0.1", "port": 0, **settings}))
    server = Server(front)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive())
        eventually(lambda: front.ready)
        here = Served(front, jobs, server.url)
        with here.client:
            yield here
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the server did not end"
