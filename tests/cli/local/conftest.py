from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_core import local_state
from klio_core.local_state import LocalState


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[LocalState]:
    """A local cloud of `tmp_path` that listens, and answers nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        state = LocalState(os.getpid(), f"127.0.0.1:{silent.getsockname()[1]}", "http://127.0.0.1:2")
        local_state.write(tmp_path, state)
        yield state
