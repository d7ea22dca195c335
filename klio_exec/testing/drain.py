"""Runs a job in this process until it has nothing left to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from apache_beam import Pipeline

from klio.context import KlioContext
from klio_core.errors import LocalCloudError
from klio_exec.local.pubsub import stats
from klio_exec.options import options_here
from klio_exec.pipeline import build
from klio_exec.runners.batch import BatchRun
from klio_exec.runners.microbatch import sources_of
from klio_exec.runners.streaming import StreamingRun
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop

_LOOK_S = 0.05


class Drain:
    """One run of a job, against the Pub/Sub at `endpoint`."""

    def __init__(self, context: KlioContext, run: Callable[[Any, Any], Any], endpoint: str) -> None:
        self._context = context
        self._endpoint = endpoint
        self._stop = Stop(context.config.job_config.drain_timeout_s)
        self._run = StreamingRun(context, self._stop) if context.streaming else BatchRun()
        self._options = options_here(context.config)
        self._pipeline = Pipeline(runner=self._run.runner, options=self._options)
        self._error: BaseException | None = None
        build(self._pipeline, context, run)
        self._sources = sources_of(self._pipeline) if context.streaming else []

    def to_the_end(self, timeout_s: float) -> Tally:
        """Run: a batch to its end, a stream until all that was published is done. Answers what was counted.

        Raises what ends the job, and LocalCloudError where it is not done in time: its threads are left behind.
        """
        # In a thread, so that a test of code that hangs does not.
        thread = threading.Thread(target=self._work, name="klio-test-run", daemon=True)
        thread.start()
        self._wait(thread, time.monotonic() + timeout_s)
        if self._error is not None:
            raise self._error
        if thread.is_alive():
            raise self._late(timeout_s)
        return self._run.tally

    def _work(self) -> None:
        try:
            self._run.run(self._pipeline, self._options)
        except BaseException as error:  # noqa: BLE001  (whatever it is: it is raised where the job was drained)
            self._error = error

    def _wait(self, thread: threading.Thread, deadline: float) -> None:
        while thread.is_alive() and time.monotonic() < deadline:
            if not self._stop.asked and self._context.streaming and not self._left():
                self._stop.ask()
            thread.join(_LOOK_S)

    def _left(self) -> int:
        """Answer how many messages are not acknowledged yet, whoever holds them."""
        now = stats(self._endpoint)
        return sum(now[source]["pending"] + now[source]["outstanding"] for source in self._sources if source in now)

    def _late(self, timeout_s: float) -> LocalCloudError:
        self._stop.ask()
        left = f"messages that are not done: {self._left()}" if self._context.streaming else "a batch that goes on"
        return LocalCloudError(
            f"the job was not done within {timeout_s:g} s",
            where=self._context.config.job_name,
            got=left,
            todo="look for code that waits for something, or give it more time: drain(timeout_s=…)",
        )
