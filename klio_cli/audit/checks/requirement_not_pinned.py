from __future__ import annotations

from collections.abc import Iterator

from klio_cli import requirements
from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "requirement-not-pinned",
    Grade.FAULT,
    "a requirement that does not say its version",
    why="the image of tomorrow has other packages in it than the one that was tested",
    mend="write the version with ==",
)


def find(job: Job) -> Iterator[Finding]:
    """Yield the lines that leave a version open."""
    for one in requirements.loose(job.requirements):
        yield CHECK.found(one.text, requirements.NAME, one.line)
