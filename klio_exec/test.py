"""`klioexec test`: the job's own tests, with its modules on the path and its job file bound."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest


def run_tests(job_dir: Path, arguments: Sequence[str]) -> int:
    """Run pytest in the job's directory. Answers its exit status."""
    os.chdir(job_dir)
    sys.path.insert(0, str(Path.cwd()))
    os.environ["KLIO_TEST_MODE"] = "true"  # klio's name for it; tests of existing jobs look at it
    return int(pytest.main(list(arguments)))
