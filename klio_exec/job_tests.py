"""What is different about pytest under `klio job test`: the job is bound, and errors point at the author's line."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from klio_core import lifeline
from klio_core.errors import UsageError
from klio_exec.blame import at_author, without_frameworks

_JOB_FILE = "klio-job.yaml"


class JobTests:
    """Takes part in a run of pytest over the tests of the job in `job_dir`."""

    def __init__(self, job_dir: Path, *, verbose: bool) -> None:
        self._job_dir = job_dir
        self._verbose = verbose

    def pytest_sessionstart(self) -> None:
        """Bind the job before the tests are collected, as modules of older jobs expect.

        It decides nothing: a test gives its DoFn the bytes of a message, and what the code raises is raised in the
        test. The run ends when `klio job test` is gone.
        """
        lifeline.watch(lambda: os.kill(os.getpid(), signal.SIGTERM))
        from klio.context import KlioContext, bind
        from klio_core.config import load

        if (self._job_dir / _JOB_FILE).exists():
            bind(KlioContext(load(self._job_dir / _JOB_FILE), raises=True))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """Of what a test raises, show the author's lines alone, unless pytest is asked to be verbose."""
        if call.excinfo is not None and not self._verbose:
            without_frameworks(call.excinfo.value, self._job_dir)
            call.excinfo = pytest.ExceptionInfo.from_exception(call.excinfo.value)

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Of a file that cannot be imported, show the author's line alone, unless pytest is asked to be verbose."""
        if self._verbose or not isinstance(node, pytest.Collector):
            return
        error = call.excinfo.value
        if isinstance(error, pytest.Collector.CollectError):
            error = error.__cause__  # pytest has made a text of it
        if isinstance(error, Exception):
            report.longrepr = str(at_author(error, f"{node.path.name} cannot be imported", self._job_dir))

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        """Say what pytest looks for where it found nothing."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            left_out = len(terminalreporter.stats.get("deselected", ()))
            terminalreporter.write_line(f"Error: {_nothing(self._job_dir, left_out)}", red=True)


def _nothing(job_dir: Path, left_out: int) -> UsageError:
    if left_out:
        return UsageError("none of the job's tests was chosen", got=f"{left_out} left out by -k, -m or --deselect")
    return UsageError(
        "the job has no tests",
        where=str(job_dir),
        expected="functions test_… in files test_*.py",
        todo="write one: `klio job create` makes a job with test_transforms.py, which shows how",
    )
