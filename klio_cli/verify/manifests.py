"""The manifests of a job that runs on Kubernetes, without asking a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from klio_cli import job_dir
from klio_cli.kubernetes.manifests import DIRECTORY, Manifests
from klio_cli.kubernetes.remarks import misfits
from klio_cli.kubernetes.spot import RUNNER
from klio_cli.kubernetes.workload import command
from klio_core.errors import ConfigError, UsageError
from klio_core.finding import Finding, Grade
from klio_core.invocation import Invocation


def findings(job: Invocation) -> Iterator[Finding]:
    """Look whether the manifests can be used, and how they fit to the job file; there are none for another runner."""
    try:
        config = job_dir.load(job)
    except ConfigError:
        return  # it is among the findings about the job file
    if config.pipeline_options.runner != RUNNER:
        return
    try:
        manifests = Manifests.of(job.job_dir)
        command(manifests.deployment, job)
    except UsageError as error:
        what = ": ".join(part for part in (error.what, error.got) if part)
        yield Finding(Grade.FAULT, what, error.todo or error.expected or "", file=error.where or "")
        return
    found = ", ".join(str(one) for one in (*manifests.others, manifests.deployment))
    yield Finding(Grade.FINE, f"{DIRECTORY}/: {found}")
    yield from (Finding(Grade.WARNING, remark.what, remark.todo) for remark in misfits(config, manifests))
