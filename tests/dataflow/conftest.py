from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub
from tests.dataflow.server import Service, dataflow_server
from tests.flow.bigquery_server import key_file
from tests.flow.conftest import found
from tests.flow.kit import Cloud

HOME = "https://console.cloud.google.com/dataflow/jobs/europe-west1"


@dataclass(frozen=True)
class Site:
    """A Google Cloud for one test: Dataflow, with Pub/Sub and Cloud Storage beside it, and a key to all of it."""

    service: Service
    address: str
    cloud: Cloud
    key: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {"GOOGLE_APPLICATION_CREDENTIALS": str(self.key), "NO_GCE_CHECK": "true"}
        return {**os.environ, **self.cloud.environment, **own}

    def run(self, job: Path, *flags: object, program: str = "klio_exec.cli run", **environ: str) -> Done:
        """Run `klioexec run`, or another program, with this cloud."""
        command = [sys.executable, "-m", *program.split(), "-j", str(job), *map(str, flags)]
        done = subprocess.run(command, env={**self.environment, **environ}, capture_output=True, text=True, cwd="/")
        return Done(done.returncode, done.stdout, done.stderr, " ".join(command))


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str
    argv: str


Launch = Callable[..., Done]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with local_pubsub() as pubsub, local_objects(make_buckets=True) as objects, found(pubsub, objects) as cloud:
        yield cloud


@pytest.fixture
def site(cloud: Cloud, tmp_path: Path) -> Iterator[Site]:
    with dataflow_server() as (service, address):
        yield Site(service, address, cloud, key_file(tmp_path, address))
