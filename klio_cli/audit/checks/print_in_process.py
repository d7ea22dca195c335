from __future__ import annotations

from collections.abc import Iterator

from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "print-in-process",
    Grade.WARNING,
    "print() for each element",
    why="it has no level, no time and no job, so it can be neither found nor turned off among a million elements",
    mend="self._klio.logger.info(…) in a DoFn, logging.getLogger(…).info(…) elsewhere",
)


def find(job: Job) -> Iterator[Finding]:
    """Yield the calls of print()."""
    for code in job.per_element.code:
        for call, name in code.calls:
            if name in ("print", "pprint.pprint"):
                yield CHECK.found(f"{code.name}() prints", code.module.file, call.lineno)
