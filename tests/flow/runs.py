"""A job that runs: as a process of its own, or in a thread of this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from apache_beam import Pipeline

from klio.context import KlioContext, bind
from klio_core.config import KlioConfig
from klio_exec.options import options_here
from klio_exec.pipeline import build
from klio_exec.runners.report import Tell, to_nobody
from klio_exec.runners.streaming import StreamingRun
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop

PATIENCE_S = 100.0  # a machine that others share may take this long for what takes a second


class Running:
    """A job as a process."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.popen = popen
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def check(self) -> None:
        """Fail with its log if it died of an error of its own."""
        assert self.popen.poll() in {None, 0, 3, 130, -signal.SIGKILL}, self.log

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self.popen.kill()
        self.popen.wait()

    def wait(self, within_s: float = PATIENCE_S) -> int:
        """Answer the exit status."""
        return self.popen.wait(within_s)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    @property
    def summary(self) -> dict[str, str]:
        """The lines of the summary: what they are about, and what they say."""
        lines = [line for line in self.log.splitlines() if line.startswith("  ")]
        parts = [line.strip().split("  ", 1) for line in lines if "  " in line.strip()]
        return {name: " ".join(text.split()) for name, text in parts}


@contextmanager
def running(directory: Path, *flags: object, **environment: str) -> Iterator[Running]:
    """`klioexec run` of a job; killed at the end if it still runs."""
    path = directory / f"log-{uuid.uuid4().hex[:6]}"
    command = [sys.executable, "-m", "klio_exec.cli", "run", "-j", str(directory), *map(str, flags)]
    with path.open("wb") as log:
        popen = subprocess.Popen(
            command, env={**os.environ, **environment}, stderr=log, stdout=log, stdin=subprocess.DEVNULL
        )
    try:
        yield Running(popen, path)
    finally:
        popen.kill()
        popen.wait()


class Here:
    """A streaming job in a thread of this process. `tally` is what it counted, `error` what ended it."""

    def __init__(self, config: KlioConfig, run: Callable[[Any, Any], Any], tell: Tell = to_nobody) -> None:
        context = KlioContext(config)
        self._before = bind(context)
        self._stop = Stop(config.job_config.drain_timeout_s)
        self._run = StreamingRun(context, self._stop, tell=tell)
        options = options_here(config)
        pipeline = Pipeline(runner=self._run.runner, options=options)
        build(pipeline, context, run)
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._work, args=(pipeline, options))

    @property
    def tally(self) -> Tally:
        return self._run.tally

    def _work(self, pipeline: Pipeline, options: Any) -> None:
        try:
            self._run.run(pipeline, options)
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            self.error = error

    def check(self) -> None:
        """Raise what ended the run, if anything did."""
        if self.error is not None:
            raise self.error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def ask(self) -> None:
        """Ask it to end."""
        self._stop.ask()

    def __exit__(self, *_: object) -> None:
        self.ask()
        self._thread.join()
        bind(self._before)
