"""Measures the transforms of a job while it runs: what their own code takes, and what klio takes around it.

While a transform's values are worked on by those behind it, its clock stands: of all that is measured at one moment
only one grows.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field


class Account:
    """Time that was spent on one thing, in ns."""

    __slots__ = ("cpu", "wall")

    def __init__(self) -> None:
        self.wall = 0
        self.cpu = 0

    def add(self, other: Account) -> None:
        """Take in what was spent elsewhere."""
        self.wall += other.wall
        self.cpu += other.cpu


@dataclass(eq=False)
class Transform:
    """One transform of the job's graph, or one of its other methods; `ours` where it is klio's own.

    `code` is what its own code took, `around` what klio took around that. `calls` are the times (ns) that its code
    took for each element, in the order in which they ended. `peak` is the most memory (bytes) while it was at work,
    `growth` the most that came to what there was before.
    """

    name: str
    ours: bool = False
    code: Account = field(default_factory=Account)
    around: Account = field(default_factory=Account)
    calls: array[int] = field(default_factory=lambda: array("q"))
    peak: int = 0
    growth: int = 0


class Call:
    """One call of a transform, from its begin to its end; `given` is the event that it was called with, if any.

    `memory` is what the job had (bytes) when it was last looked at before it began or went on. `stretches` are when
    its code began, or went on, and when it stood still again (ns), under @handle_klio.
    """

    __slots__ = ("around", "code", "decorated", "given", "memory", "stretches", "transform")

    def __init__(self, transform: Transform, given: bytes = b"") -> None:
        self.transform = transform
        self.given = given
        self.memory = 0
        self.stretches: list[tuple[int, int]] = []
        self.code = Account()
        self.around = Account()
        self.decorated = False  # whether code ran under @handle_klio, so that what is around it is known


class Meter:
    """The clock of one process. Each thread has a stack of calls; what grows is what the topmost is at.

    `cpu` answers the CPU time (ns) that the job has taken so far, `wall` what the clock on the wall says (ns).
    As a `klio.transforms.profile.Clock` it is told when the author's code runs.
    """

    def __init__(self, cpu: Callable[[], int], wall: Callable[[], int] = time.perf_counter_ns) -> None:
        self.wall = wall
        self.cpu = cpu
        self._threads = threading.local()
        self.transforms: dict[str, Transform] = {}
        self.at_work: Call | None = None  # for who looks in from another thread
        self.memory = 0  # what it saw last
        self.when_left: Callable[[Call], None] | None = None
        self.when_ended: Callable[[Call], None] | None = None

    def transform(self, name: str, *, ours: bool = False) -> Transform:
        """Answer the transform of a name."""
        return self.transforms.setdefault(name, Transform(name, ours))

    def enter(self, call: Call) -> None:
        """A call begins, or goes on, in this thread."""
        stack = self._stack()
        call.memory = self.memory
        stack.append((call, call.around))
        self._switch(call, call.around)

    def leave(self) -> None:
        """It hands on a value, or has ended."""
        stack = self._stack()
        call, _ = stack.pop()
        if self.when_left is not None and not call.transform.ours:
            self.when_left(call)
        self._switch(*(stack[-1] if stack else (None, None)))

    def on(self) -> None:
        """The author's code runs, in the topmost call."""
        if stack := self._stack():
            call = stack[-1][0]
            call.decorated = True
            stack[-1] = (call, call.code)
            self._switch(call, call.code)

    def off(self) -> None:
        """It does not."""
        if stack := self._stack():
            call = stack[-1][0]
            stack[-1] = (call, call.around)
            begin = self._threads.wall
            if self.when_left is not None:
                self.when_left(call)
            self._switch(call, call.around)
            call.stretches.append((begin, self._threads.wall))

    def end(self, call: Call) -> None:
        """A call has come to its end: add up what it took."""
        transform = call.transform
        if not (call.decorated or transform.ours):  # nothing of klio is around it
            call.code, call.around = call.around, call.code
        transform.code.add(call.code)
        transform.around.add(call.around)
        transform.calls.append(call.code.wall)
        if self.when_ended is not None:
            self.when_ended(call)

    def _stack(self) -> list[tuple[Call, Account]]:
        try:
            found: list[tuple[Call, Account]] = self._threads.stack
        except AttributeError:
            found = self._threads.stack = []
            self._threads.growing, self._threads.wall, self._threads.cpu = None, 0, 0
        return found

    def _switch(self, call: Call | None, account: Account | None) -> None:
        here = self._threads
        wall = self.wall()
        cpu = self.cpu()
        if here.growing is not None:
            here.growing.wall += wall - here.wall
            here.growing.cpu += cpu - here.cpu
        here.growing, here.cpu = account, cpu
        self.at_work = call
        here.wall = self.wall()  # what the clocks themselves take is nobody's
