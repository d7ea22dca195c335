"""Takes part in a run of pytest over a job's tests, and watches it. `klioexec audit` starts pytest with it."""

from __future__ import annotations

import os
import shutil
import sys
import threading

import pytest

from klio_core.config import load
from klio_core.finding import exit_status
from klio_exec.audit.session import Session, report
from klio_exec.audit.start import Asked, asked
from klio_exec.audit.watch import Scene


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch, before a test is collected."""
    config.pluginmanager.register(_Watched(asked()))


class _Watched:
    """A run of pytest that is watched."""

    def __init__(self, given: Asked) -> None:
        job = given.job
        config = load(job.config_path, overrides=job.override, templates=job.template)
        self._given = given
        self._session = Session(Scene(job.job_dir, config, given.scratch))
        self._session.begin()
        self._status = 0

    @pytest.hookimpl(trylast=True)  # when the fixtures of the whole run have ended
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Gather what was found, and tell it."""
        found = self._session.found(int(exitstatus))
        session.exitstatus = self._status = exit_status(found)
        if self._given.report:
            report(self._given.report, found)
        else:
            sys.stderr.write("".join(f"{one.grade.mark} {one} ({one.check})\n" for one in found))
        shutil.rmtree(self._given.scratch, ignore_errors=True)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """End at once where threads are left that Python would wait for."""
        if any(not one.daemon for one in threading.enumerate() if one is not threading.main_thread()):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self._status)
