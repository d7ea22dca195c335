"""Looks at a job on this machine: its runs, the records and the processes of its workers, and what waits for them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli import records
from klio_cli.backlog import waiting
from klio_cli.standing import LOST
from klio_cli.top import processes
from klio_cli.top.board import Board
from klio_cli.top.processes import Load, Loads, Process
from klio_cli.top.tail import Tail
from klio_cli.top.view import View, Worker
from klio_core import local_state, runs
from klio_core.errors import EngineError, LocalCloudError
from klio_core.needs import Kind, needs
from klio_core.runs import Run

if TYPE_CHECKING:
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation

_IN_WORK = ("leased", "working", LOST)
_LATELY_S, _MINUTE_S = 10.0, 60.0
_HERE = ("DirectRunner", "FnApiRunner")
_LOCAL, _CONTAINER = "local", "container"  # kinds of runs
_WORKER = ["klio_exec.cli", "work"]  # how a supervisor starts one


class Look:
    """One job, looked at again and again."""

    def __init__(self, config: KlioConfig, job: Invocation) -> None:
        """Raises UsageError where the job writes no records that can be read here."""
        self._config = config
        self._project = local_state.project_of(job)
        self._directory = records.directory(config, job)
        self._subscriptions = {need.name for need in needs(config) if need.kind is Kind.SUBSCRIPTION}
        self._shown: tuple[str, ...] = ()
        self._board = Board(config.job_name, config.job_config.lease_s, 0.0)
        self._tail = Tail(self._directory)
        self._loads = Loads()

    def now(self) -> View:
        """Answer how the job is at this moment."""
        known = runs.of_project(self._project, self._config.job_name)
        alive = [run for run in known if run.alive]
        of = alive or known[:1]
        self._turn_to(of)
        for worker, told in self._tail.new():
            self._board.take(worker, told)
        now = time.time()
        standing = self._board.standing
        return View(
            job=self._config.job_name,
            state=of[0].state if of else "",
            kind=", ".join(dict.fromkeys(run.kind for run in of)),
            since=self._board.since if alive else _epoch(of[0].since) if of else 0.0,
            now=now,
            lately=self._board.rate(now, _LATELY_S),
            last_minute=self._board.rate(now, _MINUTE_S),
            in_work=[(stand, standing.state(stand, now)) for stand in standing.those_in(*_IN_WORK, now=now)],
            waiting=self._waiting(alive),
            verdicts=self._board.reasons,
            tried_again=standing.counts(now)[1].total(),
            workers=list(self._workers(alive)),
            letters=list(self._board.letters),
            hint=self._hint(of),
        )

    def _turn_to(self, of: list[Run]) -> None:
        """Count from the beginning of these runs on, where they are not those that were counted so far."""
        shown = tuple(run.id for run in of)
        if shown != self._shown:
            self._shown = shown
            since = min((_epoch(run.began) for run in of), default=0.0)
            self._board = Board(self._config.job_name, self._config.job_config.lease_s, since)
            self._tail = Tail(self._directory)

    def _workers(self, alive: Iterable[Run]) -> Iterable[Worker]:
        all_of_them = processes.all_of_them()
        groups = {name: pids for run in alive for name, pids in _groups(run, all_of_them)}
        loads = dict(self._loads.of(groups, all_of_them, time.monotonic()))
        done = self._board.done
        for name in dict.fromkeys([*loads, *done]):
            load: Load | None = loads.get(name)
            yield Worker(name, load, done[name])

    def _waiting(self, alive: Iterable[Run]) -> int | None:
        if not any(run.kind == _LOCAL for run in alive):
            return None
        try:
            state = local_state.read(self._project)
            if state is None:
                return None
            return sum(free for name, free, _leased in waiting(state.pubsub) if name in self._subscriptions)
        except (LocalCloudError, EngineError):
            return None  # it is about to come up, or to go down

    def _hint(self, of: list[Run]) -> str:
        if not of and self._config.pipeline_options.runner in _HERE:
            return "it has not run here yet: `klio job run --local`, in another terminal"
        if not of:
            return f"no run on this machine; on {self._config.pipeline_options.runner}, `klio job status` looks for it"
        if not records.files(self._directory):
            return f"no status records yet (`events.status`) in {_short(self._directory)}"
        return ""


def _groups(run: Run, known: dict[int, Process]) -> Iterable[tuple[str, list[int]]]:
    """Yield the workers of a run by the names that they have in records, each with all that it has started."""
    if run.kind == _CONTAINER:
        return  # its processes are the engine's
    inside = processes.below(known, run.pid)
    workers = [pid for pid in inside if processes.command_of(pid)[2:4] == _WORKER]
    for pid in workers or inside[:1]:
        yield f"{socket.gethostname()}-{pid}", processes.below(known, pid)


def _epoch(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
