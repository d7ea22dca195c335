"""A cloud for tests: the local cloud's Pub/Sub and object store in threads of this process, empty, gone afterwards."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from klio.data.stores import store_for
from klio.transforms.children import end_idle
from klio_core.config import KlioConfig, load, parse
from klio_core.errors import UsageError
from klio_core.faults import Faults, of_cloud
from klio_core.local_state import LocalState
from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub
from klio_exec.testing.job import JobOnCloud

Run = Callable[[Any, Any], Any]
_JOB_FILE = "klio-job.yaml"


class LocalCloud:
    """Where it is, what lies in it, and the jobs that run on it. `local_cloud` makes one.

    While it is up, Google's own clients in this process find it, too.
    """

    def __init__(self, state: LocalState, directory: Path, job_dir: Path, faults: Faults | None) -> None:
        self._state = state
        self._directory = directory
        self._job_dir = job_dir
        self._faults = faults
        self._jobs = 0

    @property
    def pubsub(self) -> str:
        """Where Pub/Sub listens: `127.0.0.1:PORT`."""
        return self._state.pubsub

    @property
    def objects(self) -> str:
        """Where the object store listens: `http://127.0.0.1:PORT`."""
        return self._state.objects

    @property
    def committed(self) -> Counter[str]:
        """How often which fault has befallen what: `{"unavailable@objects.upload": 1}`."""
        found = self._faults.committed if self._faults is not None else {}
        return Counter({f"{kind}@{operation}": number for (operation, kind), number in found.items()})

    def job(
        self,
        job_dir: Path | str | None = None,
        *,
        config: KlioConfig | str | None = None,
        run: Run | None = None,
        overrides: Sequence[str] = (),
        templates: Sequence[str] = (),
    ) -> JobOnCloud:
        """Answer a job that this cloud has all topics, subscriptions and buckets for.

        It is the one in `job_dir`: its klio-job.yaml, with overrides and templates as `klio job run` takes them, and
        its run.py. `config`, a job file's text or value, and `run`, a function such as run.py has, take their places.
        Raises ConfigError, and JobCodeError where run.py cannot be used.
        """
        directory = Path(job_dir if job_dir is not None else self._job_dir).absolute()
        if config is None:
            config = load(_job_file(directory), overrides=overrides, templates=templates)
        elif isinstance(config, str):
            config = parse(config)
        self._jobs += 1
        own = self._directory / f"{self._jobs}-{config.job_name}"
        return JobOnCloud(config, directory, own, self.pubsub, run)

    def put(self, path: str, content: bytes) -> None:
        """Make an object: `cloud.put("gs://bucket/tracks/a.wav", samples)`. A bucket that is not there is made."""
        with tempfile.NamedTemporaryFile(dir=self._directory) as file:
            file.write(content)
            file.flush()
            store_for(path).commit(Path(file.name), path, expect=None)

    def get(self, path: str) -> bytes:
        """Answer the bytes of an object. Raises DataNotFound."""
        with store_for(path).open(path) as file:
            return file.read()

    def ls(self, prefix: str) -> list[str]:
        """Answer the paths of all objects that begin with `prefix`, which names a bucket: `gs://bucket/tracks/`."""
        return list(store_for(prefix).paths(prefix))


@contextmanager
def local_cloud(job_dir: Path | str = ".", *, faults: Sequence[str] = ()) -> Iterator[LocalCloud]:
    """Have a cloud in this process while the block runs; its jobs are those of `job_dir`, unless they say otherwise.

    `faults` are what it does wrong on purpose, in the words of `klio local up --fault`; the same ones each time.
    Raises UsageError for what is no fault::

        with local_cloud() as cloud:
            job = cloud.job()
            job.publish("ada", "grace")
            job.drain()
        assert job.verdicts == {"ada": "committed", "grace": "committed"}
    """
    wrong = Faults(of_cloud(faults)) if faults else None
    with (
        tempfile.TemporaryDirectory(prefix="klio-test-") as directory,
        local_pubsub(faults=wrong) as pubsub,
        local_objects(make_buckets=True, faults=wrong) as objects,
    ):
        state = LocalState(os.getpid(), pubsub, objects)
        with _found(state):
            yield LocalCloud(state, Path(directory), Path(job_dir), wrong)


@contextmanager
def _found(state: LocalState) -> Iterator[None]:
    """Let clients in this process find the cloud, and those in processes that run the author's code."""
    said = state.environment()
    before = {name: os.environ.get(name) for name in said}
    os.environ.update(said)
    end_idle()
    try:
        yield
    finally:
        end_idle()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _job_file(directory: Path) -> Path:
    if (directory / _JOB_FILE).is_file():
        return directory / _JOB_FILE
    raise UsageError(
        f"there is no {_JOB_FILE}",
        where=str(directory),
        todo="name the job's directory: cloud.job(DIRECTORY); or hand over config= and run=",
    )
