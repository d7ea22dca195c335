from __future__ import annotations

from collections.abc import Iterator

from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "unreadable",
    Grade.FAULT,
    "a file that is no Python",
    why="a worker cannot import it, and nothing else can be looked for in it",
    mend="write it as this Python reads it",
)


def find(job: Job) -> Iterator[Finding]:
    """Yield the files that cannot be read."""
    return (CHECK.found(one.what, one.file, one.line) for one in job.unreadable)
