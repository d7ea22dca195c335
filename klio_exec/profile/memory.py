"""`klio job profile memory`: which transform takes how much, and what is held when it is most."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from klio.transforms import profile
from klio_core.profiling import Profiling
from klio_exec.profile.family import Family
from klio_exec.profile.heap import Heap
from klio_exec.profile.meter import Transform
from klio_exec.profile.once import Ran, run_over
from klio_exec.profile.picture import draw
from klio_exec.profile.table import memory_text, share_text, table

_MOST = 10


def memory(asked: Profiling, elements: list[bytes]) -> tuple[str, Ran]:
    """Answer the report, and the run that it is of. Raises KlioError."""
    family = Family(asked.interval, spans=asked.plot is not None)
    profile.activate(None, family.meter)
    with tempfile.TemporaryDirectory(prefix="klio-profile-") as scratch:
        heap = Heap(Path(scratch) / "memray.bin", exact=False)
        ran = run_over(asked, elements, family.meter, lambda _: _both(family, heap))
        parts = [_head(family, ran), _transforms(family.meter.transforms.values()), _held(heap, asked.job.job_dir)]
        if asked.html:
            heap.write_page(asked.html)
    if asked.plot:
        draw(family, asked.plot)
    return "\n\n".join(parts), ran


@contextmanager
def _both(family: Family, heap: Heap) -> Iterator[None]:
    with family, heap.look():
        yield


def _head(family: Family, ran: Ran) -> str:
    start = family.samples[0].memory
    return f"{ran.elements}, {memory_text(start)} of memory at the start, {memory_text(family.peak)} at most"


def _transforms(transforms: Iterable[Transform]) -> str:
    own = sorted((one for one in transforms if not one.ours), key=lambda one: -one.growth)
    rows = [(one.name, str(len(one.calls)), memory_text(one.growth), memory_text(one.peak)) for one in own]
    return table(("", "calls", "growth", "peak memory"), rows)


def _held(heap: Heap, job_dir: Path) -> str:
    sizes, parts = heap.by_line(job_dir.resolve())
    whole = heap.peak
    rows = [
        (
            f"{Path(line.file).name}:{line.number} {line.function}",
            memory_text(size),
            share_text(size, whole),
            f"{parts[line]}",
        )
        for line, size in sizes.most_common(_MOST)
    ]
    rows.append(("all that the run allocated", memory_text(whole), share_text(whole, whole), ""))
    return table(("held when it was most, by the job's lines", "memory", "share", "parts"), rows)
