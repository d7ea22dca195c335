import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio.data.store import Store
from klio.data.stores import store_for
from klio.testing import FaultyStore
from klio_exec.local.objects import local_objects


@pytest.fixture(scope="session")
def object_server() -> Iterator[str]:
    with local_objects(make_buckets=True) as endpoint:
        yield endpoint


@pytest.fixture(params=["local", "memory", "gcs", "faultless"])
def location(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty location of each kind: a directory, this process, and a bucket behind Google's own client.

    The last one is kept by a store that fails on purpose, and has no fault.
    """
    if request.param == "local":
        return str(tmp_path / "data")
    if request.param in {"memory", "faultless"}:
        return f"memory://{request.param}-{uuid.uuid4().hex}"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("object_server"))
    return f"gs://{uuid.uuid4().hex}/data"


@pytest.fixture
def store(location: str) -> Store:
    return FaultyStore() if "faultless" in location else store_for(location)
