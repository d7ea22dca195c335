from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def pubsub_host() -> Iterator[str]:
    """A Pub/Sub of our own, as somebody's emulator."""
    from klio_exec.local.pubsub import local_pubsub

    with local_pubsub() as host:
        yield host
