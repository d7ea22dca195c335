"""Jobs on this machine: those that `klio job run` started here, in a container or without one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from klio_cli.terminal import Terminal
from klio_cli.where.place import Line, Ran
from klio_core import run_log, runs
from klio_core.errors import EngineError, UsageError
from klio_core.logging_api import SEVERITIES
from klio_core.runs import Run

_WITHIN_S = 600.0
_INSIST_S = 1.0
_PAUSE_S = 0.1


class Here:
    """A Place: the runs of a project on this machine, and the name of a job. With no `only` all jobs are listed."""

    def __init__(self, project: Path, name: str, only: str | None = None) -> None:
        self._project = project
        self._name = name
        self._only = only

    def jobs(self, *, everything: bool) -> Iterator[Ran]:
        """Yield the runs of the project, the newest first; of those that ended, the last ten of each job are known."""
        for run in runs.of_project(self._project, self._only):
            if everything or run.alive:
                yield Ran(run.job, run.state, run.since, run.kind, run.id)

    def none(self) -> str:
        """Answer what is said where no job runs."""
        return f"no job runs on this machine in {self._project}"

    def stop(self, terminal: Terminal, *, drain: bool) -> None:
        """Ask the runs of the job to end, and wait; without `drain` what they have begun is given back at once.

        Raises EngineError where that takes longer than ten minutes.
        """
        alive = [run for run in runs.of_project(self._project, self._name) if run.alive]
        if not alive:
            terminal.note(f"no job {self._name} runs on this machine in {self._project}")
        for run in alive:
            _signal(run)
            terminal.note(f"{run.job} ({run.id}) {'drains' if drain else 'is cancelled'}")
        for run in alive:
            if not drain and not _has_ended(run, _INSIST_S):
                _signal(run)  # the first one lets it finish what it has begun, the second does not
            if not _has_ended(run, _WITHIN_S):
                todo = f"kill -9 {run.pid}: what it had begun comes again"
                raise EngineError(f"{run.job} has not ended within {_WITHIN_S:g} s", where=str(run.pid), todo=todo)
            terminal.say(f"{run.job}: {run.now().state}")

    def log(self) -> HereLog:
        """Answer the log of the newest run of the job that goes on, else of the newest. Raises UsageError if none."""
        known = runs.of_project(self._project, self._name)
        if not known:
            todo = "`klio job run` keeps one, `klio job list --all` lists the runs there are"
            raise UsageError(f"no run of {self._name} is known on this machine", where=str(self._project), todo=todo)
        return HereLog(next((run for run in known if run.alive), known[0]))


class HereLog:
    """A Log: the files that the processes of one run write. Each line is read once."""

    pause_s = 0.2

    def __init__(self, run: Run) -> None:
        self._run = run
        self._read: dict[int, int] = {}  # of a file, by its inode, since a long one is renamed: how far it is read

    def ended(self) -> bool:
        """Whether the run has ended."""
        return not self._run.now().alive

    def lines(self, since: str, severity: str) -> Iterator[Line]:
        """Yield the lines that are new, from `since` on, and of this severity or worse."""
        wanted = SEVERITIES[SEVERITIES.index(severity) :]
        for file in run_log.files(self._run.directory):
            for line in self._new(file):
                if line.time >= since and line.severity in wanted:
                    yield Line(line.time, line.id, line.severity, line.source, line.text)

    def _new(self, file: Path) -> Iterator[run_log.LogLine]:
        with file.open("rb") as lines:
            inode = os.fstat(lines.fileno()).st_ino
            lines.seek(self._read.get(inode, 0))
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # it is being written
                self._read[inode] = self._read.get(inode, 0) + len(line)
                if (read := run_log.LogLine.decode(line)) is not None:
                    yield read


def _signal(run: Run) -> None:
    try:
        os.kill(run.pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # it has just ended
    except PermissionError as error:
        todo = "ask whoever runs it"
        raise EngineError(f"{run.job} is run by somebody else", where=f"process {run.pid}", todo=todo) from error


def _has_ended(run: Run, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while run.alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)
    return True
