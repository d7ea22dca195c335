from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub

from .kit import Cloud, Job

NewJob = Callable[..., Job]


@contextmanager
def found(pubsub: str, objects: str) -> Iterator[Cloud]:
    """Let Google's clients in this process find a cloud."""
    cloud = Cloud(pubsub, objects)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        yield cloud
        cloud.close()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A Pub/Sub and an object store in this process, which Google's clients in this process find, too."""
    with local_pubsub() as pubsub, local_objects(make_buckets=True) as objects, found(pubsub, objects) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def new_job(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> NewJob:
    """Make a streaming job; the arguments are those of Job.new."""

    def make(**config: Any) -> Job:
        return Job.new(tmp_path_factory.mktemp("job"), cloud, **config)

    return make
