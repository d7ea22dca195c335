"""All that can be known of a job without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from klio_cli.verify import code, image, job_file, manifests, neighbours
from klio_core.finding import Finding
from klio_core.invocation import Invocation


def findings(job: Invocation, others: Sequence[Path]) -> Iterator[Finding]:
    """Look at the job's directory, and at how it fits to the jobs in `others`; nothing of them is imported."""
    yield from job_file.findings(job)
    yield from code.findings(job.job_dir)
    yield from image.findings(job)
    yield from manifests.findings(job)
    if others:
        yield from neighbours.findings(job, others)
