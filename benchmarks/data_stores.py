"""How quickly each store answers: existence of 1,000 names, commit and download of 5 MB."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.clock import wall_s
from benchmarks.table import Row, check
from klio.data.store import Store
from klio.data.stores import store_for
from klio_exec.local.objects import local_objects

NAMES = 1_000


def rows(*, short: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory, local_objects(make_buckets=True) as endpoint:
        os.environ["STORAGE_EMULATOR_HOST"] = endpoint
        locations = {
            "memory": "memory://bench",
            "a directory, with fsync": f"{directory}/data",
            "Cloud Storage, local": "gs://bench-bucket/data",
        }
        measuring = Measuring(Path(directory), size=100_000 if short else 5_000_000, repeats=1 if short else 7)
        return [row for name, location in locations.items() for row in measuring.rows(name, location)]


class Measuring:
    def __init__(self, scratch: Path, size: int, repeats: int) -> None:
        self._small, self._large, self._copy = scratch / "small", scratch / "large", scratch / "copy"
        self._small.write_bytes(b"x")
        self._content = os.urandom(size)
        self._large.write_bytes(self._content)
        self._repeats = repeats

    def rows(self, name: str, location: str) -> Iterator[Row]:
        store = store_for(location)
        for number in range(0, NAMES, 2):
            store.commit(self._small, f"{location}/{number}", expect=0)
        store.commit(self._large, f"{location}/large", expect=0)
        self._check(store, location)
        names = [f"{location}/{number}" for number in range(NAMES)]
        megabytes = f"{len(self._content) / 1e6:g} MB"
        for what, work in {
            f"exists, {NAMES:,} names, half there": lambda _: store.exists(names),
            "exists, one name": lambda number: store.exists([names[number]]),
            f"commit {megabytes}": lambda number: store.commit(self._large, f"{location}/large-{number}", expect=0),
            f"download {megabytes}": lambda number: store.download(
                f"{location}/large", self._copy.with_suffix(f".{number}")
            ),
        }.items():
            yield Row(f"{name}: {what}", "", self._milliseconds(work))

    def _milliseconds(self, work: Callable[[int], object]) -> str:
        """The median and the worst of some repeats, after one that does not count."""
        taken = [wall_s(partial(work, number)) * 1000 for number in range(self._repeats + 1)][1:]
        return f"{statistics.median(taken):.1f} ms, at worst {max(taken):.1f}"

    def _check(self, store: Store, location: str) -> None:
        there = store.exists([f"{location}/{number}" for number in range(NAMES)])
        check(there == [number % 2 == 0 for number in range(NAMES)], f"half of the names are at {location}")
        store.download(f"{location}/large", self._copy)
        check(self._copy.read_bytes() == self._content, f"what comes from {location} went there")
