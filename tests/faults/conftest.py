from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from klio_core.faults import Fault, Faults
from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub
from tests.flow.conftest import cloud, found, new_job
from tests.flow.kit import Cloud

__all__ = ["cloud", "new_job"]

Failing = Callable[..., tuple[Cloud, Faults]]


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Failing]:
    """Make a cloud that fails as these words say; answers it, and what it has done wrong so far."""
    with ExitStack() as stack:

        def start(*rules: str) -> tuple[Cloud, Faults]:
            faults = Faults(map(Fault.parse, rules))
            pubsub = stack.enter_context(local_pubsub(faults=faults))
            objects = stack.enter_context(local_objects(make_buckets=True, faults=faults))
            return stack.enter_context(found(pubsub, objects)), faults

        yield start
