from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from klio_cli.app import main
from klio_cli.terminal import Terminal
from klio_core import local_state
from klio_core.local_state import LocalState


@dataclass(frozen=True)
class Screen:
    """What somebody sees after a command, whole."""

    status: int
    out: str
    err: str


Klio = Callable[..., Screen]


@pytest.fixture
def klio() -> Klio:
    """The real command, on streams of our own."""

    def run(*argv: object, stdin: bytes = b"") -> Screen:
        out, err = io.StringIO(), io.StringIO()
        terminal = Terminal(io.TextIOWrapper(io.BytesIO(stdin)), out, err, environ={})
        status = main([str(one) for one in argv], terminal)
        return Screen(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def pubsub_host() -> Iterator[str]:
    from klio_exec.local.pubsub import local_pubsub

    with local_pubsub() as host:
        yield host


@pytest.fixture(scope="session")
def objects_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from klio_exec.local.objects import local_objects

    with local_objects(tmp_path_factory.mktemp("objects"), 0) as url:
        yield url


@pytest.fixture
def project(tmp_path: Path, pubsub_host: str, objects_url: str) -> Path:
    """A directory whose local cloud is up: in this process, shared by the tests."""
    local_state.write(tmp_path, LocalState(os.getpid(), pubsub_host, objects_url))
    return tmp_path


@pytest.fixture
def job(project: Path, klio: Klio, request: pytest.FixtureRequest) -> Path:
    """A new streaming job in that project, of a name of its own, since all share one Pub/Sub."""
    name = request.node.name.split("[")[0].replace("_", "-")[:50].strip("-") + f"-{abs(hash(request.node.name)) % 1000}"
    screen = klio("job", "create", name, "--output", project / "job")
    assert screen.status == 0, screen.err
    return project / "job"
