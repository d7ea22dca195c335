from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "examples" / "separator"))  # as `python -m web` there

from tests.separator.web.kit import Jobs, Served, a_cloud, served


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    """A cloud, and a hand that plays the jobs."""
    with a_cloud() as jobs:
        yield jobs


@pytest.fixture
def web(jobs: Jobs) -> Iterator[Served]:
    """A front that is up, and a client of it."""
    with served(jobs) as web:
        yield web
