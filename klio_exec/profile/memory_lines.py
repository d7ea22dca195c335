"""`klio job profile memory-lines`: what each line of the author's code holds when most is held."""

from __future__ import annotations

import inspect
import linecache
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from pathlib import Path
from types import FunctionType
from typing import Any

from klio.transforms import profile
from klio_core.profiling import Profiling
from klio_exec.profile.heap import Heap, Line
from klio_exec.profile.meter import Meter
from klio_exec.profile.once import Ran, run_over
from klio_exec.profile.table import memory_text, share_text, table

_LEAST_SHARE = 0.001  # of what is held: the many lines that hold less are left out


def memory_lines(asked: Profiling, elements: list[bytes]) -> tuple[str, Ran]:
    """Answer the report, and the run that it is of; of the functions under `@profile` alone where there are some.

    With `per_element` each element has a run and a report of its own. Raises KlioError.
    """
    marked = _Marked()  # the job's modules are imported once
    if not asked.per_element:
        return _one(asked, elements, marked)
    texts, runs = [], []
    for element in elements:
        text, ran = _one(asked, [element], marked)
        texts.append(f"{element.decode(errors='backslashreplace')}\n\n{text}")
        runs.append(ran)
    return "\n\n".join(texts), Ran.joined(runs)


class _Marked:
    """The functions under `@profile`, which stay as they are."""

    def __init__(self) -> None:
        self._places: list[tuple[str, range]] = []

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        lines, first = inspect.getsourcelines(func)
        self._places.append((func.__code__.co_filename, range(first, first + len(lines))))
        return func

    def has(self, line: Line) -> bool:
        """Whether a line is in one of them, or there are none."""
        return not self._places or any(line.file == file and line.number in lines for file, lines in self._places)


def _one(asked: Profiling, elements: list[bytes], marked: _Marked) -> tuple[str, Ran]:
    meter = Meter(lambda: 0)
    profile.activate(marked, meter)
    with tempfile.TemporaryDirectory(prefix="klio-profile-") as scratch:
        heap = Heap(Path(scratch) / "memray.bin", exact=True)

        def look(_: Sequence[FunctionType]) -> AbstractContextManager[None]:
            return heap.look()

        ran = run_over(asked, elements, meter, look)
        sizes, parts = heap.by_line(asked.job.job_dir.resolve())
        peak = heap.peak
        seen = {line: size for line, size in sizes.items() if marked.has(line) and size >= peak * _LEAST_SHARE}
        held = {line: (size, parts[line]) for line, size in seen.items()}
        return "\n\n".join([*_files(held), _whole(peak, sum(sizes.values()))]), ran


def _files(held: dict[Line, tuple[int, int]]) -> Iterator[str]:
    """Yield for each file its lines, in their order."""
    for file, lines in groupby(sorted(held, key=lambda line: (line.file, line.number)), lambda line: line.file):
        known = list(lines)
        rows = [(str(line.number), memory_text(held[line][0]), str(held[line][1])) for line in known]
        figures = table(("line", "memory", "parts"), rows).splitlines()
        code = ["", *(linecache.getline(file, line.number).rstrip() for line in known)]
        yield "\n".join([file, *(f"{said}  {text}".rstrip() for said, text in zip(figures, code, strict=True))])


def _whole(peak: int, authors: int) -> str:
    return f"{memory_text(peak)} were held when it was most, {share_text(authors, peak)} of it by the job's lines"
