"""What shows only when the job's code runs: `klioexec audit` runs its tests, here or in its image, and reports."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli import here
from klio_core.errors import JobCodeError
from klio_core.finding import Check, Finding
from klio_core.invocation import Invocation

if TYPE_CHECKING:
    from klio_cli.terminal import Terminal
    from klio_core.config import KlioConfig


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked for, and what was found."""

    checks: Sequence[Check]
    found: Sequence[Finding]


def by_this_python(job: Invocation) -> Report:
    """Run a job's own tests by this Python, watched. What they print goes to the stream of errors.

    Raises EngineError where what runs jobs is not installed, JobCodeError where the tests ended without a report.
    """
    return _report(lambda path: _klioexec(path, job.argv()))


def in_its_image(job: Invocation, terminal: Terminal, config: KlioConfig, *, again: bool) -> Report:
    """Run them in the job's image, which is built where the engine does not have it, or `again`; else as above."""
    from klio_cli.container import job_tests

    return _report(lambda path: job_tests.audit(job, terminal, config, path, again=again))


def checks() -> Sequence[Check]:
    """Answer what is looked for, with the steps of plugins that are installed here. Raises EngineError as above."""
    return _report(lambda path: _klioexec(path, ["--list"])).checks


def _klioexec(path: Path, arguments: Sequence[str]) -> int:
    return here.klioexec(["audit", f"--report={path}", *arguments])


def _report(run: Callable[[Path], int]) -> Report:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.json"
        status = run(path)
        if not path.is_file():
            raise JobCodeError(
                "the job's tests ended before the audit could tell what it saw",
                got=f"exit status {status}",
                todo="what is printed above says why; --no-tests looks at the job's files alone",
            )
        said = json.loads(path.read_text())
    return Report([Check.of(one) for one in said["checks"]], [Finding.of(one) for one in said["found"]])
