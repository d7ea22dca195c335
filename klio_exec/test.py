"""`klioexec test`: the job's own tests, in a pytest that is as if it had been called by hand."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from klio_core import lifeline
from klio_core.config import load
from klio_core.errors import EngineError

_JOB_FILE = "klio-job.yaml"


def run_tests(job_dir: Path, arguments: Sequence[str]) -> NoReturn:
    """Become pytest in the job's directory, with klio's plugin: its exit status is that of this process.

    A process that has imported klio already would not do: what pytest does to a plugin it does when it is imported.
    Raises ConfigError, EngineError.
    """
    if importlib.util.find_spec("pytest") is None:
        raise EngineError(
            "what runs the tests is not installed here",
            expected="pytest",
            todo="pip install 'klio[exec]', which brings it; in an image, add that to job-requirements.txt",
        )
    if (job_dir / _JOB_FILE).exists():
        load(job_dir / _JOB_FILE)  # it is bound there; what is wrong with it is said here, in one form
    os.chdir(job_dir)
    os.environ["KLIO_TEST_MODE"] = "true"
    lifeline.keep()
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-p", "klio", *arguments])  # noqa: S606  (no shell)
