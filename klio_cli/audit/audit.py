"""All that is looked for in a job."""

from __future__ import annotations

from pathlib import Path

from klio_cli.audit import switches
from klio_cli.audit.checks import ALL
from klio_cli.audit.job import Job
from klio_core.config import KlioConfig
from klio_core.finding import Check, Finding


def checks() -> list[Check]:
    """Answer what is looked for."""
    return [one.CHECK for one in ALL]


def findings(root: Path, config: KlioConfig) -> list[Finding]:
    """Look at the job in the directory `root`; what its job file and its comments turn off is left out."""
    skipped = config.job_config.audit.skip if config.job_config.audit else []
    job = Job(root, config)
    found = [finding for check in ALL if check.CHECK.name not in skipped for finding in check.find(job)]
    return [*switches.told(found, root), *switches.unknown(skipped, [check.name for check in checks()])]
