"""How long the gate looks for 10 000 elements where every look takes 50 ms, and what that costs this process.

The server waits 50 ms before it answers a look or a page of a listing; of looks packed into one request, before each of
them, one after the other. One by one, as klio 22.3 asks, 10 000 looks take 500 s.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.table import Row, check
from klio.data.places import Place, existing
from klio.data.stores import store_for
from klio_core.faults import Fault, Faults, Kind
from klio_exec.local.objects import local_objects
from klio_exec.local.objects.index import Index
from klio_exec.local.objects.records import Bucket, Object

LOOK_S = 0.05
TOGETHER = 1000  # as many as the gate collects of one bundle
BUCKET = "bench-looks"
APART = 11  # every so many of the objects there are is looked for: less than a tenth of a page


def rows(*, short: bool) -> list[Row]:
    """Look for names that lie close together, for some among many times as many, and on this machine."""
    elements = 1_000 if short else 10_000
    with tempfile.TemporaryDirectory() as directory, slow_server(elements) as endpoint:
        os.environ["STORAGE_EMULATOR_HOST"] = endpoint
        store_for("gs://").exists([f"gs://{BUCKET}/{number}" for number in range(2)])  # the client is made only once
        here = Path(directory)
        for number in range(0, elements, 2):
            (here / f"{number:06}.ogg").touch()
        # Half of those that lie together are there, and all of those far apart.
        last = APART * elements + elements // 2
        together = [f"gs://{BUCKET}/in/{number:06}.ogg" for number in range(last - elements, last)]
        apart = [f"gs://{BUCKET}/in/{number:06}.ogg" for number in range(0, APART * elements, APART)]
        return [
            looked("close together", together, elements // 2),
            looked("far apart", apart, elements),
            looked("directory", [f"{here}/{number:06}.ogg" for number in range(elements)], elements // 2),
        ]


def looked(what: str, paths: Sequence[str], there: int) -> Row:
    """Look for the paths in bundles, as a job does, and compare the answers."""
    store, elements = store_for(paths[0]), len(paths)
    began, cpu = time.perf_counter(), time.process_time()
    found = 0
    for at in range(0, len(paths), TOGETHER):
        found += sum(existing([Place(0, store, path) for path in paths[at : at + TOGETHER]]))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    check(found == there, f"{what}: {found} found, and {there} are there")
    measured = f"{wall:.2f} s; {cpu / elements * 1e6:.1f} µs of CPU each"
    if what == "directory":
        return Row(f"looks for {elements} files of this machine", "", measured)
    said = f"looks for {elements} objects, {LOOK_S * 1000:.0f} ms each, {what}"
    return Row(said, f"≤ {elements / 1000:.0f} s", measured, f"{elements * LOOK_S:.0f} s one by one")


@contextmanager
def slow_server(elements: int) -> Iterator[str]:
    """Run an object store in a process of its own, with APART times as many objects."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, elements))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("enough")
        process.join()


def serve(connection: Connection[Any, Any], elements: int) -> None:
    """Be that server until something comes."""
    faults = Faults(
        [Fault(Kind.SLOW, "objects.look", seconds=LOOK_S), Fault(Kind.SLOW, "objects.list", seconds=LOOK_S)]
    )
    with tempfile.TemporaryDirectory() as directory:
        fill(Path(directory), elements)
        with local_objects(Path(directory), faults=faults) as endpoint:
            connection.send(endpoint)
            connection.recv()


def fill(directory: Path, elements: int) -> None:
    """Write the index of a store: nobody will ask for the content of its objects."""
    index, at = Index(directory / "index.sqlite"), "2026-01-01T00:00:00Z"
    index.put_bucket(Bucket(BUCKET, at, {}))
    for number in range(APART * elements):
        name = f"in/{number:06}.ogg"
        index.put_object(Object(BUCKET, name, number + 1, 1, 1, "AAAAAA==", "", at, at, "none", {}))
    index.close()
