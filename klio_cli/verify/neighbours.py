"""How a job fits to the jobs around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from klio_cli.graph import dirs
from klio_core.errors import KlioError
from klio_core.finding import Finding, Grade
from klio_core.graph import Weight, problems_of
from klio_core.invocation import Invocation

_GRADES = {Weight.ERROR: Grade.FAULT, Weight.WARNING: Grade.WARNING}


def findings(job: Invocation, others: Sequence[Path]) -> Iterator[Finding]:
    """Look at the graph of a job and the jobs in these directories."""
    try:
        graph = dirs.load([job.job_dir, *others], {})
    except KlioError as error:
        yield Finding(Grade.FAULT, str(error), status=error.exit_code)
        return
    found = [problem for problem in problems_of(graph) if problem.weight in _GRADES]
    for problem in found:
        yield Finding(_GRADES[problem.weight], problem.what, problem.todo)
    if not found:
        yield Finding(Grade.FINE, "the graph: " + " → ".join(graph.order))
