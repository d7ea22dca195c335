from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import docker.errors
import pytest
import requests

from klio_cli.images import dockerfile
from tests.engine import base_image
from tests.engine.kit import Hand, NewJob

REGISTRY = os.environ.get("KLIO_TEST_REGISTRY", "127.0.0.1:5000")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this directory needs the engine; making its base image may take minutes on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.timeout(600))


def missing(what: str) -> None:
    """In CI this fails: there, nothing is green because it was not looked at."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{what}; see tests/engine/up")
    pytest.skip(f"{what}; `make test-engine` sees to one")


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A real engine that has the image which jobs are built on."""
    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except (docker.errors.DockerException, requests.RequestException) as error:
        missing(f"no container engine answers: {error}")
    values = dockerfile.template_values()
    base_image.make(client, f"apache/beam_python{values['python_version']}_sdk:{values['beam_version']}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def registry() -> str:
    """A registry that anybody may push to; an engine takes one of this machine without TLS."""
    try:
        requests.get(f"http://{REGISTRY}/v2/", timeout=5).raise_for_status()
    except requests.RequestException as error:
        missing(f"no registry answers: {error}")
    return REGISTRY


@pytest.fixture
def klio(tmp_path: Path) -> Hand:
    """The real command as a process."""
    return Hand(tmp_path)


@pytest.fixture
def new_job(engine: docker.DockerClient, klio: Hand) -> Iterator[NewJob]:
    """Make jobs; at the end, each of them has left no container, and its images are removed."""
    made: list[str] = []

    def make(*flags: str, **files: str) -> Path:
        name = f"job-{uuid.uuid4().hex[:8]}"
        made.append(name)
        klio.ok("job", "create", name, *flags)
        for file, text in files.items():
            (klio.directory / name / f"{file}.py").write_text(text)
        return klio.directory / name

    yield make
    left = [c for c in engine.containers.list(all=True) if any(name in str(c.image.tags) for name in made)]
    for name in made:
        for image in engine.images.list(filters={"label": f"klio.job={name}"}):
            engine.images.remove(str(image.id), force=True)
    assert left == []


Engine = docker.DockerClient
Make = Callable[..., Path]
