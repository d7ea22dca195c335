"""The contract runs against our server always, and against Google's own emulator where this machine has it.

A test marked `stricter("why")` runs against ours only: it asks for what Google's service does and Google's emulator
does not. The terminal summary says what was run against what.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from .cloud import Cloud
from .servers import Ours, emulator_jar, google

JAR = emulator_jar()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stricter(why): asks for more than Google's emulator does; ours only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" not in metafunc.fixturenames:
        return
    ours_only = JAR is None or metafunc.definition.get_closest_marker("stricter")
    metafunc.parametrize("server", ["ours"] if ours_only else ["ours", "google"], indirect=True, scope="session")


@contextmanager
def running(name: str, directory: Path) -> Iterator[str]:
    if name == "google":
        assert JAR
        with google(JAR) as endpoint:
            yield endpoint
        return
    ours = Ours(directory / "pubsub.db")
    ours.start()
    try:
        yield ours.endpoint
    finally:
        ours.kill()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of the server that is held to the contract."""
    with running(request.param, tmp_path_factory.mktemp("pubsub")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def cloud(server: str) -> Iterator[Cloud]:
    """Google's clients on that server."""
    with pytest.MonkeyPatch.context() as monkeypatch, ExitStack() as stack:
        cloud = Cloud(server, monkeypatch)
        stack.callback(cloud.close)
        yield cloud
