"""What shows only when the job's code runs: `klioexec audit` runs its tests, and writes a report."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from klio_cli import here
from klio_core.errors import JobCodeError
from klio_core.finding import Check, Finding
from klio_core.invocation import Invocation


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked for, and what was found."""

    checks: Sequence[Check]
    found: Sequence[Finding]


def tests_of(job: Invocation) -> Report:
    """Run a job's own tests, watched. What they print goes to the stream of errors.

    Raises EngineError where what runs jobs is not installed, JobCodeError where the tests ended without a report.
    """
    return _report(job.argv())


def checks() -> Sequence[Check]:
    """Answer what is looked for, plugins included. Raises EngineError as above."""
    return _report(["--list"]).checks


def _report(arguments: Sequence[str]) -> Report:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.json"
        status = here.klioexec(["audit", f"--report={path}", *arguments])
        if not path.is_file():
            raise JobCodeError(
                "the job's tests ended before the audit could tell what it saw",
                got=f"exit status {status}",
                todo="what is printed above says why; --no-tests looks at the job's files alone",
            )
        said = json.loads(path.read_text())
    return Report([Check.of(one) for one in said["checks"]], [Finding.of(one) for one in said["found"]])
