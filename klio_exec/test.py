"""`klioexec test`: the job's own tests, with its modules on the path and its job file bound."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from klio.context import KlioContext, bind
from klio_core.config import load

_JOB_FILE = Path("klio-job.yaml")


def run_tests(job_dir: Path, arguments: Sequence[str]) -> int:
    """Run pytest in the job's directory. Answers its exit status.

    The job file is bound before the tests are collected, as modules of older jobs expect. It decides nothing: a test
    gives its DoFn the bytes of a message, and what the code raises is raised in the test. Raises ConfigError.
    """
    os.chdir(job_dir)
    sys.path.insert(0, str(Path.cwd()))
    os.environ["KLIO_TEST_MODE"] = "true"  # klio's name for it; tests of existing jobs look at it
    if _JOB_FILE.exists():
        bind(KlioContext(load(_JOB_FILE), raises=True))
    return int(pytest.main(list(arguments)))
