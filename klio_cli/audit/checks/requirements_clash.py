from __future__ import annotations

from collections.abc import Iterator

from klio_cli import requirements
from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "requirements-clash",
    Grade.FAULT,
    "requirements that cannot be installed together",
    why="pip refuses them, so there is no image",
    mend="choose versions that fit: `pip install --dry-run -r job-requirements.txt` tries them",
)


def find(job: Job) -> Iterator[Finding]:
    """Yield the lines that clash with others."""
    for clash in requirements.clashes(job.requirements):
        yield CHECK.found(clash.what, requirements.NAME, clash.line)
