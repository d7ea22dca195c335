"""Several programs as one: started in their order, tended, and ended together."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from klio_core.errors import EngineError
from serving.log import Log
from serving.program import Program

_TICK_S = 0.1
_READY_S = 180.0
_MOST_DEATHS = 3


class Together:
    """Programs in stages: those of one stage are started when all of the stage before are ready.

    One that dies after it was ready is started again, up to three times; one that dies earlier ends the whole.
    """

    def __init__(self, stages: Sequence[Sequence[Program]], log: Log, drain_s: float) -> None:
        self._stages = stages
        self._log = log
        self._drain_s = drain_s
        self._deaths: Counter[str] = Counter()
        self._asked = threading.Event()
        self._at_once = threading.Event()

    def stop(self) -> None:
        """Ask all to end; who asks again does not want to wait. May be called by a signal."""
        if self._asked.is_set():
            self._at_once.set()
        self._asked.set()

    def run(self, when_ready: Callable[[], None]) -> None:
        """Run all until `stop`. `when_ready` is called once. Raises EngineError where they cannot go on."""
        try:
            for stage in self._stages:
                self._start(stage)
            if not self._asked.is_set():
                when_ready()
            while not self._asked.wait(_TICK_S):
                self._tend()
        finally:
            self._end()

    def _start(self, stage: Sequence[Program]) -> None:
        if self._asked.is_set():
            return
        for program in stage:
            program.start(self._log)
        deadline = time.monotonic() + _READY_S
        while not all(program.been_ready for program in stage):
            if self._asked.wait(_TICK_S):
                return
            self._tend()
            if time.monotonic() > deadline:
                late = ", ".join(program.name for program in stage if not program.been_ready)
                raise EngineError(f"{late}: not ready after {_READY_S:.0f} s", todo="see what was said above")

    def _tend(self) -> None:
        for program in self._programs:
            if program.process is None or program.runs:
                program.ready()
                continue
            program.kill()  # whatever it has left behind
            self._deaths[program.name] += 1
            if not program.been_ready:
                raise _no_use(program, "before it was ready", self._log)
            if self._deaths[program.name] > _MOST_DEATHS:
                raise _no_use(program, f"for the {self._deaths[program.name]}th time", self._log)
            self._log.say(f"{program.name} {program.how}; it is started again, and nothing is lost")
            program.start(self._log)

    @property
    def _programs(self) -> list[Program]:
        return [program for stage in self._stages for program in stage]

    def _end(self) -> None:
        """Ask the last stage first, so that what a program still needs is there for as long as it runs."""
        for stage in reversed(self._stages):
            for program in stage:
                program.ask()
            deadline = time.monotonic() + self._drain_s
            while any(program.runs for program in stage) and time.monotonic() < deadline:
                if self._at_once.wait(_TICK_S):
                    break
            for program in stage:
                program.kill()


def _no_use(program: Program, when: str, log: Log) -> EngineError:
    return EngineError(
        f"{program.name} {program.how} {when}, so everything is stopped",
        got="\n".join(log.last_of(program.name)[-5:]),
        todo="see what it said; what was uploaded is kept, and goes on when this is started again",
    )
