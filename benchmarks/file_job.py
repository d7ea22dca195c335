"""A job from files to files: for each element it looks whether the output is there, then whether the input is.

The author's code does nothing, so what is left is the framework; or it works for a third of a millisecond, less than
any media file takes. Plain Beam reads and writes the same lines and looks for the same files: by its own FileSystems,
which knows the stores that klio knows, and once more by os.path, which knows nothing but this machine's directories.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import TaggedOutput
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from benchmarks.clock import medians
from benchmarks.table import Row, check
from klio.context import KlioContext, bind
from klio.transforms.decorators import handle_klio
from klio_core.config import parse
from klio_exec.pipeline import build

JOB = """
job_name: bench
pipeline_options: {{streaming: false}}
job_config:
  events:
    inputs: [{{type: file, location: {directory}/events/elements.txt}}]
    outputs: [{{type: file, location: {directory}/done/klio}}]
    {status}
  data:
    inputs: [{{type: file, location: {directory}/in, file_suffix: .ogg}}]
    outputs: [{{type: file, location: {directory}/out, file_suffix: .ogg}}]
"""
WORK_BYTES = 1_500_000
STATUS = "status: {{type: directory, location: {directory}/status}}"


class Work(beam.DoFn):
    def __init__(self, size: int) -> None:
        self._size = size

    @handle_klio
    def process(self, data: Any) -> Iterator[Any]:
        work(self._size)
        yield data


class Look(beam.DoFn):
    """The same two looks: what is there already goes round the work, what has no input is dropped."""

    def __init__(self, directory: str, exists: Callable[[str], bool]) -> None:
        self._directory = directory
        self._exists = exists

    def process(self, line: str) -> Iterator[Any]:
        if self._exists(f"{self._directory}/out/{line}.ogg"):
            yield TaggedOutput("done", line)
        elif self._exists(f"{self._directory}/in/{line}.ogg"):
            yield line


class Yield(beam.DoFn):
    def __init__(self, size: int) -> None:
        self._size = size

    def process(self, line: str) -> Iterator[str]:
        work(self._size)
        yield line


def work(size: int) -> None:
    """Work on so many bytes; on five million of them for about a millisecond."""
    zlib.crc32(bytes(size))


def run_klio(directory: Path, status: str = "", size: int = 0) -> None:
    context = KlioContext(parse(JOB.format(directory=directory, status=status.format(directory=directory))))
    bind(context)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    build(pipeline, context, lambda events, _config: events | beam.ParDo(Work(size)))
    pipeline.run()


def run_beam(directory: Path, exists: Callable[[str], bool], size: int = 0) -> None:
    pipeline = beam.Pipeline(runner=FnApiRunner())
    look = beam.ParDo(Look(str(directory), exists)).with_outputs("done", main="work")
    looked = pipeline | beam.io.ReadFromText(f"{directory}/events/elements.txt") | look
    worked = looked.work | beam.ParDo(Yield(size))
    (worked, looked.done) | beam.Flatten() | beam.io.WriteToText(f"{directory}/done/beam")
    pipeline.run()


def rows(*, short: bool) -> list[Row]:
    count, repeats = (500, 1) if short else (10_000, 5)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        elements = make_files(directory, count)
        works = {
            "klio": lambda: run_klio(directory),
            "status": lambda: run_klio(directory, STATUS),
            "beam": lambda: run_beam(directory, FileSystems.exists),
            "os": lambda: run_beam(directory, os.path.exists),
            "klio at work": lambda: run_klio(directory, size=WORK_BYTES),
            "beam at work": lambda: run_beam(directory, FileSystems.exists, WORK_BYTES),
        }
        taken = medians(works, repeats)
        for prefix in ("klio", "beam"):
            check(lines(directory, prefix) == elements, f"what {prefix} wrote is what was there to be worked on")
    at_work, plain_at_work = taken["klio at work"], taken["beam at work"]
    beside = f"{taken['beam']:.2f} s; by os.path {taken['os']:.2f} s"
    return [
        Row(f"CPU of {count:,} elements", "≤ 1.15 x", _times(taken["klio"], taken["beam"]), beside),
        Row("the same, with status records", "", _times(taken["status"], taken["beam"])),
        Row("where the work takes 0.3 ms", "≤ 1.15 x", _times(at_work, plain_at_work), f"{plain_at_work:.2f} s"),
    ]


def make_files(directory: Path, count: int) -> list[str]:
    """Make the output of one element in ten, the input of all but one in ten. Answers those that are to be written."""
    elements = [f"track-{number:05}" for number in range(count)]
    for alone in ("events", "done"):  # Beam looks at every file below a directory that it reads from or writes to
        (directory / alone).mkdir()
    (directory / "events" / "elements.txt").write_text("".join(f"{element}\n" for element in elements))
    with_input = [element for number, element in enumerate(elements) if number % 10 != 1]
    for side, those in (("in", with_input), ("out", elements[::10])):
        (directory / side).mkdir()
        for element in those:
            (directory / side / f"{element}.ogg").write_bytes(b"")
    return with_input


def lines(directory: Path, prefix: str) -> list[str]:
    return sorted(
        line for path in (directory / "done").glob(f"{prefix}-*-of-*") for line in path.read_text().splitlines()
    )


def _times(klio: float, beam_s: float) -> str:
    return f"{klio / beam_s:.2f} x ({klio:.2f} s)"
