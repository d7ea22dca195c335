"""Stores that fail on purpose: which operation, how, and the same each time."""

from __future__ import annotations

import pickle
import uuid
from pathlib import Path

import apache_beam as beam
import pytest

from klio.testing import FaultyStore, run_one
from klio.transforms import decorators
from klio_core.decision import Action
from klio_core.errors import DataCorrupted, DataError, DiskFull, LostLease, UsageError


class Copy(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        for name in data.element.decode().split(","):
            with self._klio.upload(name) as out:
                out.write_bytes(self._klio.download(name).read_bytes())
        yield data


FILES = {"a": b"first ", "b": b"second"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("unavailable@objects.download,nth=2", DataError),
        ("busy@objects.upload", DataError),
        ("denied@objects.look", DataError),
        ("cut@objects.download", DataError),
        ("lost-reply@objects.download", DataError),
        ("corrupt@objects.download", DataCorrupted),
        ("full@objects.download,nth=1", DiskFull),
        ("full@objects.upload,nth=1", DiskFull),
        ("cut@objects.upload,nth=1", DataError),
    ],
)
def test_code_meets_what_a_store_would_raise_and_nothing_is_made(fault: str, error: type[Exception]):
    result = run_one(Copy, "a,b", files=FILES, faults=[fault], raises=False)

    assert type(result.exception) is error
    assert "on purpose" in str(result.exception)
    assert result.outputs == {}
    assert result.verdict.action is Action.DEAD_LETTER


def test_files_before_the_one_that_fails_stay_as_in_a_run():
    result = run_one(Copy, "a,b", files=FILES, faults=["unavailable@objects.upload,nth=2"], raises=False)

    assert result.outputs == {"a": b"first "}


def test_a_reply_that_is_lost_leaves_what_was_done():
    result = run_one(Copy, "a", files=FILES, faults=["lost-reply@objects.upload"], raises=False)

    assert type(result.exception) is DataError
    assert result.outputs == {"a": b"first "}


def test_half_a_file_comes_as_if_it_were_all():
    assert run_one(Copy, "a,b", files=FILES, faults=["truncated@objects.download,nth=2"]).outputs == {
        "a": b"first ",
        "b": b"sec",
    }


def test_what_is_slow_comes():
    result = run_one(Copy, "a", files=FILES, faults=["slow@objects.download,0.01s"])

    assert result.outputs == {"a": b"first "}


def test_code_that_tries_again_gets_it():
    class Stubborn(Copy):
        process = decorators.handle_klio(decorators.retry(tries=3, delay=0.0)(Copy.process.__wrapped__))

    assert run_one(Stubborn, "a", files=FILES, faults=["unavailable@objects.download,times=2"]).outputs == {
        "a": b"first "
    }


def test_each_run_counts_from_the_first_on_and_a_seed_fails_the_same_ones():
    names = [f"{number}" for number in range(30)]
    files = dict.fromkeys(names, b"x")

    def failed(seed: int) -> list[str]:
        store = FaultyStore([f"unavailable@objects.look,30%,seed={seed}"])
        return [name for name in names if _fails(store, name)]

    assert failed(1) == failed(1) != failed(2)
    once = ["unavailable@objects.download,nth=1"]
    for _ in range(2):
        assert run_one(Copy, "1", files=files, faults=once, raises=False).exception is not None


def _fails(store: FaultyStore, name: str) -> bool:
    try:
        store.generation(f"memory://nowhere/{name}")
    except DataError:
        return True
    return False


def test_listing_and_deleting_fail_as_well(tmp_path: Path):
    place = f"memory://{uuid.uuid4().hex}"
    (tmp_path / "x").write_bytes(b"x")
    store = FaultyStore(["unavailable@objects.list,nth=1", "lost-reply@objects.delete"])
    store.commit(tmp_path / "x", f"{place}/x", expect=None)

    with pytest.raises(DataError):
        list(store.paths(place))
    with pytest.raises(DataError):
        store.delete(f"{place}/x")

    assert list(store.paths(place)) == []


def test_an_object_that_is_opened_may_be_half(tmp_path: Path):
    place = f"memory://{uuid.uuid4().hex}/x"
    (tmp_path / "x").write_bytes(b"whole")
    store = FaultyStore(["truncated@objects.download,nth=1"])
    store.commit(tmp_path / "x", place, expect=None)

    assert [store.open(place).read() for _ in range(2)] == [b"wh", b"whole"]


def test_a_store_without_a_fault_for_it_answers_errors_of_the_store_itself(tmp_path: Path):
    place = f"memory://{uuid.uuid4().hex}/x"
    (tmp_path / "x").write_bytes(b"x")
    store = FaultyStore(["slow@objects.download"])
    store.commit(tmp_path / "x", place, expect=0)

    with pytest.raises(LostLease):
        store.commit(tmp_path / "x", place, expect=0)


def test_pickled_it_counts_anew():
    store = FaultyStore(["unavailable@objects.look,nth=1"])
    assert _fails(store, "x")
    assert not _fails(store, "x")

    assert _fails(pickle.loads(pickle.dumps(store)), "x")


@pytest.mark.parametrize("fault", ["drop@pubsub.delivery", "denied@objects.admin", "nonsense", "full@objects.look"])
def test_what_befalls_no_store_is_refused_before_anything_runs(fault: str):
    with pytest.raises(UsageError, match="there is no such fault"):
        run_one(Copy, "a", files=FILES, faults=[fault])
