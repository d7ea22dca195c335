"""How `klioexec audit` becomes a pytest that is watched, and what it tells the plugin that watches."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from klio_core.invocation import Invocation
from klio_exec.test import run_tests

_VARIABLE = "KLIO_AUDIT"


@dataclass(frozen=True, slots=True)
class Asked:
    """The job to look at, where what the tests make is kept, and where the report goes; None: to whoever reads."""

    job: Invocation
    scratch: Path
    report: Path | None


def start(job: Invocation, report: Path | None) -> int:
    """Run the job's tests under watch. Answers, or ends with, 1 where there are errors.

    What is printed meanwhile goes to the stream of errors. Raises ConfigError, EngineError.
    """
    root, report = job.job_dir.resolve(), report.resolve() if report else None
    config_file = job.config_path.resolve()
    scratch = Path(tempfile.mkdtemp(prefix="klio-audit-"))
    told = {
        "argv": replace(job, job_dir=root, config_file=config_file).argv(),
        "scratch": str(scratch),
        "report": str(report) if report else None,
    }
    os.environ[_VARIABLE] = json.dumps(told)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    one_process = ["-n0"] if importlib.util.find_spec("xdist") else []  # whatever the job's pytest.ini says
    places = [f"--basetemp={scratch / 'pytest'}", f"-o=cache_dir={scratch / 'cache'}"]
    return run_tests(root, ["-qq", "-p", "klio_exec.audit.pytest_plugin", *one_process, *places])


def asked() -> Asked:
    """Answer what this process was started for."""
    told = json.loads(os.environ[_VARIABLE])
    report = told["report"]
    return Asked(Invocation.parse(told["argv"]), Path(told["scratch"]), Path(report) if report else None)
