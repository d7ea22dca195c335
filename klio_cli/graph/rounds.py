"""A graph of batch jobs: each runs when something waits for it, upwards and downwards, until nothing does."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from klio_cli.graph import children
from klio_cli.graph.boxes import Boxes
from klio_cli.graph.children import Child
from klio_cli.graph.follow import screen, take
from klio_cli.graph.plan import Plan
from klio_cli.graph.progress import Progress
from klio_cli.graph.records import Tail
from klio_cli.terminal import Terminal
from klio_core import mail
from klio_core.errors import UsageError
from klio_core.invocation import Invocation
from klio_core.status import State, Status

_TICK_SECONDS = 0.1
_WELL = (0, 3)  # done, and done with dead letters


def turns(stages: Sequence[Sequence[str]], waiting: Callable[[str], bool], *, upwards: bool) -> Iterator[list[str]]:
    """Yield the jobs to run next, some of one stage at a time, as long as anything waits for any.

    Upwards, what jobs ask their parents for is collected, so that each parent runs once for all of them; downwards,
    what was made.
    """
    while any(waiting(name) for stage in stages for name in stage):
        for stage in reversed(stages) if upwards else stages:
            if names := [name for name in stage if waiting(name)]:
                yield names
        upwards = not upwards


@dataclass(frozen=True)
class Rounds:
    """The rounds of one plan; each run of a job has a directory of its own below `place`."""

    plan: Plan
    each: Invocation
    boxes: Boxes
    progress: Progress

    @property
    def place(self) -> Path:
        """Where the events of this run are, until the next."""
        return self.plan.logs / "events"

    def run(self, terminal: Terminal, *, upwards: bool) -> Child | None:
        """Run the jobs until nothing is left to do. Answers the one that failed, if one did."""
        with _alone(self.plan.logs), screen(terminal, self.progress) as changed:
            self.plan.forget_logs()
            shutil.rmtree(self.place, ignore_errors=True)
            stages = [[job.name for job in stage] for stage in self.plan.stages]
            for number, names in enumerate(turns(stages, self.boxes.waiting, upwards=upwards), start=1):
                places = {name: self.place / f"{number:03}-{name}" for name in names}
                if failed := self._turn(places, changed):
                    return failed
        return None

    def _turn(self, places: dict[str, Path], changed: Callable[[Status], None]) -> Child | None:
        began = time.time()
        handed = {name: self.boxes.hand_over(name, place) for name, place in places.items()}
        receives = [Tail(mail.records(place)) for place in places.values()]
        with children.running(self.plan.arguments(self.each, places), self.plan.logs) as running:
            while not (all(child.ended for child in running) or any(map(_failed, running))):
                take(self.progress, receives, _TICK_SECONDS, changed)
        while take(self.progress, receives, 0.0, changed):
            continue
        for name, place in places.items():
            self.boxes.take_on(name, place)
            self._tell_the_rest(name, handed[name], began, changed)
        return next(filter(_failed, running), None)

    def _tell_the_rest(
        self, job: str, handed: Sequence[bytes], began: float, changed: Callable[[Status], None]
    ) -> None:
        """A batch says nothing of an element that its code filtered out."""
        for element in handed:
            told = self.progress.told.get((element, job))
            if told is None or told.at < began or told.state in (State.LEASED, State.WORKING):
                record = Status(element, job, State.DROPPED, time.time(), note="the job's code did not return it")
                if self.progress.saw(record):
                    changed(record)


def _failed(child: Child) -> bool:
    return child.ended and child.process.returncode not in _WELL


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep the directory for one run at a time."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                "another `klio graph run` of batch jobs is running here",
                where=str(directory),
                todo="wait until it has ended, or stop it",
            ) from error
        yield
