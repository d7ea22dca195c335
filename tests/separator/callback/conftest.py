from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.separator.callback.listener import CALLBACK, Listener

sys.path.append(str(CALLBACK))  # as klio does with a job's directory


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who waits for callbacks on this machine."""
    with Listener() as listening:
        yield listening


@pytest.fixture
def other() -> Iterator[Listener]:
    """Somebody else."""
    with Listener() as listening:
        yield listening
