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
_STRICTER = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stricter(why): asks for more than Google's emulator does; ours only")
    config.stash[_STRICTER] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" not in metafunc.fixturenames:
        return
    stricter = metafunc.definition.get_closest_marker("stricter")
    if stricter:
        metafunc.config.stash[_STRICTER].append(f"{metafunc.function.__name__}: {stricter.args[0]}")
    names = ["ours"] if stricter or JAR is None else ["ours", "google"]
    metafunc.parametrize("server", names, indirect=True, scope="session")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if JAR is None:
        terminalreporter.write_line(
            "Pub/Sub contract: ran against our server only; Google's emulator is not on this machine"
        )
        return
    stricter = config.stash[_STRICTER]
    terminalreporter.write_line(
        f"Pub/Sub contract: ran against our server and {JAR.name}; ours only, {len(stricter)} tests"
    )
    if config.get_verbosity() > 0:
        for each in stricter:
            terminalreporter.write_line(f"  {each}")


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
