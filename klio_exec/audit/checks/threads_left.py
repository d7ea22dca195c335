from __future__ import annotations

import functools
import gc
import threading
import time
from collections.abc import Iterator

from klio_core.finding import Check, Finding, Grade
from klio_exec.audit.author import Line
from klio_exec.audit.watch import Scene

CHECK = Check(
    "threads-left",
    Grade.FAULT,
    "threads that go on after their element is done, seen while the job's tests run",
    why="each element leaves some more, until the worker can start none; and a worker does not end while they run",
    mend="join() them before the element is done, or use a concurrent.futures.ThreadPoolExecutor in a with",
)
_PATIENCE_S = 2.0  # for threads that are about to end

# A pool has so many threads at most, and ends them when nobody keeps it.
_POOL = "concurrent.futures.thread"


class ThreadsLeft:
    """Notes the threads that the job's code starts, and looks which of them run in the end."""

    check = CHECK

    def __init__(self, scene: Scene) -> None:
        self._author = scene.author
        self._started: dict[threading.Thread, Line] = {}

    def begin(self) -> None:
        """Stand before Thread.start(): Python tells nobody else what is started."""
        start = threading.Thread.start

        @functools.wraps(start)
        def noted(thread: threading.Thread) -> None:
            line = self._author.behind()
            if line and _POOL not in line.by:
                self._started[thread] = line
            start(thread)

        threading.Thread.start = noted  # type: ignore[method-assign, assignment]

    def found(self) -> Iterator[Finding]:
        """Yield the lines whose threads run on, a while after the tests."""
        gc.collect()
        deadline = time.monotonic() + _PATIENCE_S
        for thread in self._started:
            thread.join(max(0.0, deadline - time.monotonic()))
        left = {line: thread.name for thread, line in self._started.items() if thread.is_alive()}
        for line, name in left.items():
            yield CHECK.found(f"{line.function}() starts {name!r}, which is still running", line.file, line.line)
