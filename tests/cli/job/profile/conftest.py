"""A job of two transforms that make files, and somebody who profiles it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

JOB = """\
job_name: mix
pipeline_options: {streaming: true}
job_config:
  events:
    inputs: [{type: pubsub, topic: projects/nobody/topics/mix-in}]
    outputs: [{type: pubsub, topic: projects/nobody/topics/mix-out}]
  data:
    inputs: [{type: file, location: in, file_suffix: .wav}]
    outputs: [{type: file, location: out, file_suffix: .wav}]
"""
RUN = """\
import apache_beam as beam
import transforms


def run(in_pcol, config):
    loaded = in_pcol | "Load" >> beam.ParDo(transforms.Load())
    return loaded | "Mix" >> beam.ParDo(transforms.Mix())
"""
TRANSFORMS = """\
import time

import apache_beam as beam
from klio.transforms import decorators


class Load(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        yield self._klio.download(data.element).read_bytes()


@decorators.profile
def mixed(samples):
    end = time.process_time() + 0.05
    held = [bytes(100_000) for _ in range(100)]
    while time.process_time() < end:
        sum(range(1000))
    if samples == b"broken":
        raise ValueError("no sound")
    return held[0]


class Mix(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        with self._klio.upload(data.element) as file:
            file.write_bytes(mixed(data.payload))
        yield data
"""


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    """The job's directory, with the elements a, b and broken."""
    job = tmp_path / "mix"
    (job / "in").mkdir(parents=True)
    for name in ("a", "b", "broken"):
        (job / "in" / f"{name}.wav").write_text(name)
    for name, text in (("klio-job.yaml", JOB), ("run.py", RUN), ("transforms.py", TRANSFORMS)):
        (job / name).write_text(text)
    return job


Profile = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def profile(mix: Path) -> Profile:
    """The command in a process of its own, in the job's directory."""

    def run(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "klio_cli.app", "job", "profile", *argv]
        return subprocess.run(command, cwd=mix, input=stdin, capture_output=True, text=True, timeout=100)

    return run


def column(report: str, name: str) -> dict[str, str]:
    """Answer a column of a report's table, by the names at its left: what ends where the word above it ends."""
    table = next(part for part in report.split("\n\n") if f"  {name}" in part.splitlines()[0])
    top, *lines = table.rstrip("\n").splitlines()
    end = top.index(f"  {name}") + 2 + len(name)
    return {_cells(line)[0]: _cells(line[:end])[-1] for line in lines}


def _cells(line: str) -> list[str]:
    return re.split(" {2,}", line)
