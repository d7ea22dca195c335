"""What klio brings to every pytest: fixtures for tests of jobs. Nothing of klio is imported before a test asks for one.

Under `klio job test`, the tests are those of a job: see `klio_exec.job_tests`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from klio.context import KlioContext
    from klio_core.config import KlioConfig
    from klio_core.message import Message
    from klio_exec.testing import LocalCloud

_JOB_FILE = "klio-job.yaml"


def pytest_configure(config: pytest.Config) -> None:
    """Under `klio job test`, let klio take part in the run."""
    if os.environ.get("KLIO_TEST_MODE") == "true":  # klio's name for it; tests of existing jobs look at it
        from klio_exec.job_tests import JobTests

        config.pluginmanager.register(JobTests(Path.cwd(), verbose=config.get_verbosity() > 0))


@pytest.fixture
def klio_config(request: pytest.FixtureRequest) -> KlioConfig:
    """The job file of the job that the test is in: the nearest klio-job.yaml upwards."""
    from klio_core.config import load
    from klio_core.errors import UsageError

    directory = _job_dir(request)
    if directory is None:
        raise UsageError(
            f"klio_config: there is no {_JOB_FILE}",
            where=str(request.path.parent),
            expected=f"{_JOB_FILE} beside the test, or in a directory above it",
            todo="move the test into the job's directory, or write a fixture klio_config of your own in conftest.py",
        )
    return load(directory / _JOB_FILE)


@pytest.fixture
def klio_context(klio_config: KlioConfig) -> Iterator[KlioContext]:
    """The job, bound while the test runs, with its media in memory: `MyDoFn().process(raw)` sees its configuration."""
    from klio.testing.media import in_memory
    from klio.testing.one import in_this_process

    with in_this_process(in_memory(klio_config)) as context:
        yield context


@pytest.fixture
def klio_message() -> Callable[..., Message]:
    """Makes messages: `klio_message("track-1", payload=b"", force=False, ping=False)`."""
    from klio_core.message import Message

    def made(element: str | bytes, *, payload: bytes = b"", force: bool = False, ping: bool = False) -> Message:
        raw = element.encode() if isinstance(element, str) else element
        return Message.of(raw, payload=payload, force=force, ping=ping)

    return made


@pytest.fixture
def local_cloud(request: pytest.FixtureRequest) -> Iterator[LocalCloud]:
    """An empty cloud in this process, which `local_cloud.job()` runs the job in that the test is in."""
    from klio_exec.testing import local_cloud as new_cloud

    with new_cloud(_job_dir(request) or Path()) as cloud:
        yield cloud


def _job_dir(request: pytest.FixtureRequest) -> Path | None:
    return next((above for above in request.path.parents if (above / _JOB_FILE).is_file()), None)
