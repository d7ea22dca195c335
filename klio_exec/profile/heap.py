"""What is allocated while a job runs, and from where, by memray."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from klio_core.errors import KlioError
from klio_exec.profile.extras import needed


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code; the name of the `function` that it is in makes no difference to it."""

    file: str
    number: int
    function: str = field(compare=False)

    def is_below(self, directory: Path) -> bool:
        """Whether it is the author's: in the job's directory, and not in a virtual environment there."""
        return Path(self.file).is_relative_to(directory) and "site-packages" not in Path(self.file).parts


class Heap:
    """What this process holds; `exact` sees each object, and not only what Python asks the system for."""

    def __init__(self, file: Path, *, exact: bool) -> None:
        self._memray = needed("memray")
        self._file = file
        self._exact = exact

    @contextmanager
    def look(self) -> Iterator[None]:
        """Look while the block runs."""
        with self._memray.Tracker(self._file, trace_python_allocators=self._exact):
            yield

    @property
    def peak(self) -> int:
        """How much (bytes) was held when it was most."""
        with self._memray.FileReader(self._file) as reader:
            found: int = reader.metadata.peak_memory
        return found

    def at_peak(self) -> Iterator[tuple[list[Line], int, int]]:
        """Yield what was held at that moment: the lines of its stack, the innermost first, bytes, and parts."""
        with self._memray.FileReader(self._file) as reader:
            for record in reader.get_high_watermark_allocation_records(merge_threads=True):
                stack = [Line(file, number, function) for function, file, number in record.stack_trace()]
                yield stack, record.size, record.n_allocations

    def by_line(self, directory: Path) -> tuple[Counter[Line], Counter[Line]]:
        """Answer bytes, and parts, by the innermost line of a directory that led to them."""
        sizes: Counter[Line] = Counter()
        parts: Counter[Line] = Counter()
        for stack, size, count in self.at_peak():
            line = next((one for one in stack if one.is_below(directory)), None)
            if line is not None:
                sizes[line] += size
                parts[line] += count
        return sizes, parts

    def write_page(self, file: Path) -> None:
        """Write what was held at that moment as a flame graph, a page to look at. Raises KlioError."""
        command = [sys.executable, "-m", "memray", "flamegraph", "--force", "--output", str(file), str(self._file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KlioError("memray writes no flame graph", where=str(file), got=(done.stdout + done.stderr).strip())
