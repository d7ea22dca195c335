from __future__ import annotations

import gc
import warnings
from pathlib import Path
from socket import AF_UNIX, socket

import pytest

from klio_cli.images.address import Address
from klio_cli.images.engine import first_of
from klio_core.errors import EngineError


@pytest.fixture
def left_over(tmp_path: Path) -> Address:
    """The socket of an engine that has ended: the file is there, and nobody listens."""
    with socket(AF_UNIX) as ended:
        ended.bind(str(tmp_path / "docker.sock"))
    return Address(f"unix://{tmp_path}/docker.sock")


def test_a_socket_that_an_engine_left_behind_is_told_as_one_that_refuses(left_over: Address):
    with pytest.raises(EngineError) as refused:
        first_of([left_over])

    assert refused.value.got == "Connection refused"
    assert refused.value.where == left_over.url.removeprefix("unix://")


def test_an_engine_that_does_not_answer_leaves_no_socket_open(left_over: Address):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(EngineError):
            first_of([left_over])
        gc.collect()

    assert [str(one.message) for one in heard] == []
