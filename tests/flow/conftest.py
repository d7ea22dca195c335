from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub

from .kit import PROJECT, Cloud, Job

NewJob = Callable[..., Job]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A Pub/Sub and an object store in this process, which Google's clients in this process find, too."""
    with (
        local_pubsub() as pubsub,
        local_objects(make_buckets=True) as objects,
        pytest.MonkeyPatch.context() as patch,
    ):
        cloud = Cloud(pubsub, objects)
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        yield cloud
        cloud.close()


@pytest.fixture(scope="module")
def new_job(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> NewJob:
    """Make a streaming job, with `job_config` keys as given, and its topics and subscriptions."""

    def make(*, data: dict[str, Any] | None = None, events: dict[str, Any] | None = None, **job_config: Any) -> Job:
        name = f"job-{uuid.uuid4().hex[:8]}"
        job = Job(tmp_path_factory.mktemp(name), cloud, {})
        job.config |= {"job_name": name, "pipeline_options": {"streaming": True, "project": PROJECT}}
        job.config["job_config"] = {
            "events": {
                "inputs": [{"type": "pubsub", "topic": job.topic, "subscription": job.subscription}],
                "outputs": [{"type": "pubsub", "topic": job.out}],
                "dead_letters": {"type": "directory", "location": str(job.directory / "dead")},
                "status": {"type": "directory", "location": str(job.directory / "status")},
            }
            | (events or {}),
            "data": data or {},
            **job_config,
        }
        job.make_resources()
        return job

    return make
