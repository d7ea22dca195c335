"""How quickly each store answers: existence of 1,000 names, commit and download of 5 MB.

Run: python benchmarks/data_stores.py
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from klio.data.store import Store
from klio.data.stores import store_for
from klio_exec.local.objects import local_objects

NAMES = 1_000
REPEATS = 7
SIZE = 5_000_000


def milliseconds(work: Callable[[int], object]) -> str:
    """Answer the median and the worst of some repeats, after one that does not count."""
    taken = []
    for number in range(REPEATS + 1):
        began = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(taken[1:]):9.1f} {max(taken[1:]):9.1f}"


def measure(name: str, store: Store, location: str, scratch: Path) -> None:
    small, large = scratch / "small", scratch / "large"
    small.write_bytes(b"x")
    large.write_bytes(os.urandom(SIZE))
    for number in range(0, NAMES, 2):
        store.commit(small, f"{location}/{number}", expect=0)
    names = [f"{location}/{number}" for number in range(NAMES)]
    store.commit(large, f"{location}/large", expect=0)
    for what, work in {
        "exists, 1,000 names, half there": lambda _: store.exists(names),
        "exists, 1 name": lambda number: store.exists([names[number]]),
        "commit 5 MB": lambda number: store.commit(large, f"{location}/large-{number}", expect=0),
        "download 5 MB": lambda number: store.download(f"{location}/large", scratch / f"copy-{number}"),
    }.items():
        print(f"{name:<8} {what:<33} {milliseconds(work)}")


def main() -> None:
    print(f"{'store':<8} {'what':<33} {'median ms':>9} {'worst ms':>9}")
    with tempfile.TemporaryDirectory() as directory, local_objects(make_buckets=True) as endpoint:
        os.environ["STORAGE_EMULATOR_HOST"] = endpoint
        scratch = Path(directory)
        for name, location in {
            "memory": "memory://bench",
            "local": f"{directory}/data",
            "gcs": "gs://bench-bucket/data",
        }.items():
            measure(name, store_for(location), location, scratch)


if __name__ == "__main__":
    main()
