"""All that is looked for in a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from klio_cli.audit import switches, watched
from klio_cli.audit.checks import ALL
from klio_cli.audit.job import Job
from klio_cli.audit.watched import Report
from klio_core.config import KlioConfig
from klio_core.finding import Check, Finding
from klio_core.invocation import Invocation


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked for in a job, and what was found."""

    checks: list[Check]
    found: list[Finding]


def checks(*, of_tests: bool) -> list[Check]:
    """Answer what is looked for in a job's files, and, if wanted, while its tests run.

    Raises EngineError where what runs jobs is not installed.
    """
    return [*(one.CHECK for one in ALL), *(watched.checks() if of_tests else ())]


def look(job: Invocation, config: KlioConfig, run_tests: Callable[[], Report] | None) -> Audit:
    """Look at a job's files, and, if wanted, at what `run_tests` reports.

    What its job file and its comments turn off is left out. Raises what `run_tests` raises.
    """
    skipped = config.job_config.audit.skip if config.job_config.audit else []
    files = Job(job.job_dir, config)
    looked_for = [one.CHECK for one in ALL]
    found = [finding for check in ALL for finding in check.find(files)]
    if run_tests:
        report = run_tests()
        looked_for += report.checks
        found += report.found
        found += switches.unknown(skipped, [check.name for check in looked_for])
    told = [finding for finding in switches.told(found, job.job_dir) if finding.check not in skipped]
    return Audit([check for check in looked_for if check.name not in skipped], told)
