"""The runs of jobs on this machine: which there are, since when, and how they ended.

A run is a directory, `.klio/runs/JOB/ID`. Whoever keeps its record holds a lock on it, which the kernel takes away with
the process, however it ends: a record without an end that nobody holds is that of a run that was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from klio_core.local_state import state_dir

VARIABLE = "KLIO_RUNS"
"""The variable by which `klioexec run` is told to record itself, and for the project in which directory."""

RUNNING = "RUNNING"
KILLED = "KILLED"
FINAL = {0: "DONE", 3: "DEAD-LETTERED", 130: "CANCELLED"}
_FAILED = "FAILED"
_RECORD = "run.json"
_KEPT = 10


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `began` and `ended` are ISO 8601 in UTC; `pid` is the process that signals are for."""

    job: str
    id: str
    pid: int
    kind: str
    began: str
    ended: str = ""
    status: int | None = None
    directory: Path = field(default=Path(), compare=False)

    @property
    def alive(self) -> bool:
        """Whether it has not ended: whoever keeps the record lives."""
        if self.status is not None:
            return False
        try:
            with (self.directory / _RECORD).open("rb") as record:
                fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    @property
    def state(self) -> str:
        """RUNNING, how it ended, or KILLED where nobody could say."""
        if self.status is not None:
            return FINAL.get(self.status, f"{_FAILED} {self.status}")
        return RUNNING if self.alive else KILLED

    @property
    def since(self) -> str:
        """When it came into its state, as far as that is known."""
        return self.ended or self.began

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """Read a record, None where there is none or another version wrote it."""
        try:
            return cls(**json.loads((directory / _RECORD).read_text()), directory=directory)
        except (OSError, ValueError, TypeError):
            return None

    def now(self) -> Run:
        """Answer the run as it stands now; as it stood where its record is gone."""
        return type(self).read(self.directory) or self


@contextmanager
def recorded(project: Path, job: str, kind: str) -> Iterator[Recorder]:
    """Keep the record of a run while the block runs. It ends with the status that the block gives, else as killed."""
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%d-%H%M%S}-{os.getpid()}"
    directory = _jobs_directory(project, job) / run_id
    forget_old(directory.parent)
    directory.mkdir(parents=True, exist_ok=True)
    run = Run(job, run_id, os.getpid(), kind, now.isoformat(timespec="milliseconds"), directory=directory)
    with (directory / _RECORD).open("x") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        recorder = Recorder(run, record.fileno())
        recorder.write()
        yield recorder


class Recorder:
    """Writes the record of one run, which nobody else writes."""

    def __init__(self, run: Run, descriptor: int) -> None:
        self.run = run
        self._descriptor = descriptor

    def ended(self, status: int) -> int:
        """Note how the run ended, and answer that."""
        ended = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.run = replace(self.run, status=status, ended=ended)
        self.write()
        return status

    def write(self) -> None:
        """Write the record: it grows only, so that whoever reads it meanwhile reads all of the one or the other."""
        told = {name: value for name, value in asdict(self.run).items() if name != "directory"}
        os.pwrite(self._descriptor, json.dumps(told).encode(), 0)


def of_project(project: Path, job: str | None = None) -> list[Run]:
    """Answer the runs of a project, or of one job in it, the newest first. Ended ones are kept for a while."""
    directories = _jobs_directory(project, job or "*")
    found = (Run.read(directory) for directory in directories.parent.glob(f"{directories.name}/*"))
    return sorted((run for run in found if run is not None), key=lambda run: (run.began, run.id), reverse=True)


def _jobs_directory(project: Path, job: str) -> Path:
    return state_dir(project) / "runs" / job


def forget_old(directory: Path) -> None:
    """Remove the runs of a job that ended before the newest ten."""
    runs = sorted((run for run in map(Run.read, directory.glob("*")) if run is not None), key=lambda run: run.began)
    for run in runs[:-_KEPT]:
        if not run.alive:
            shutil.rmtree(run.directory, ignore_errors=True)
