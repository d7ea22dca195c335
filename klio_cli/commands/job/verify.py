from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klio_cli import job_dir, options
from klio_cli.kubernetes import options as options_of_kubernetes
from klio_cli.kubernetes.spot import RUNNER, Spot
from klio_cli.terminal import Terminal
from klio_core.errors import CloudError, ConfigError, EngineError, UsageError

if TYPE_CHECKING:
    from klio_cli.cloud.look import Seen
    from klio_core.config import KlioConfig
    from klio_core.finding import Finding
    from klio_core.invocation import Invocation


@click.command()
@options.flags("local", *options.JOB_FLAGS)
@click.option("--offline", is_flag=True, help="Look at the job's directory only, ask no service.")
@click.option(
    "--with", "others", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
    help="Look how it fits to the job, or the jobs, in DIR too.",
)  # fmt: skip
@click.option("--create-resources", "create", is_flag=True, help="Make what is missing; shows what, and asks.")
@click.option("--location", metavar="LOCATION", help="Where buckets are made, if not in the region of the job file.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options_of_kubernetes.spot
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    offline: bool,
    others: tuple[Path, ...],
    create: bool,
    location: str | None,
    yes: bool,
    kube_context: str | None,
    namespace: str | None,
    **chosen: Any,
) -> int:
    """Check a job before it runs, and say what to do about each fault.

    First the job's directory; then the topics, subscriptions and buckets that it names: whether they are there, and
    whether this account may do with them what the job does. With --local, those of the local cloud. For a job on
    Kubernetes the cluster is asked whether it would take the manifests.
    The exit status is 2 where the job file cannot be used, 6 where a service could not be asked, 1 where anything else
    is wrong.
    """
    from klio_cli import checklist
    from klio_cli.verify import offline as here
    from klio_core.finding import exit_status

    if offline and create:
        raise UsageError("--offline and --create-resources exclude each other", todo="leave out --offline")
    job = job_dir.check(options.invocation(chosen))
    found = list(here.findings(job, others))
    checklist.say(terminal, found)
    if not offline and (config := _config(job)) is not None:
        place = location or config.pipeline_options.region
        more = _asked(job, config, terminal, place if create else None, yes=yes)
        more += _of_cluster(job, config, Spot(kube_context, namespace))
        checklist.say(terminal, more)
        found += more
    terminal.say(f"\n{checklist.summary(found)}")
    return exit_status(found)


def _config(job: Invocation) -> KlioConfig | None:
    try:
        return job_dir.load(job)
    except ConfigError:
        return None  # it is among the findings


def _asked(
    job: Invocation, config: KlioConfig, terminal: Terminal, location: str | None, *, yes: bool
) -> list[Finding]:
    from klio_cli import local_cloud
    from klio_cli.cloud import make
    from klio_cli.cloud.look import look
    from klio_cli.cloud.services import connected
    from klio_cli.verify import online
    from klio_cli.where import dataflow
    from klio_core.needs import needs

    wanted = needs(config)
    try:
        with connected(wanted, local_cloud.of(job), local_cloud.objects_of(job)) as services:
            seen = look(wanted, services)
            missing = [one.need for one in seen if not one.there]
            if location is not None and missing:
                make.make(missing, services, location, terminal, yes=yes)
                seen = look(wanted, services)
    except (CloudError, EngineError) as error:
        return [online.refused(error)]
    on_dataflow = config.pipeline_options.runner == dataflow.RUNNER and not job.local
    return [*_findings(seen), *(online.service(config) if on_dataflow else ())]


def _of_cluster(job: Invocation, config: KlioConfig, spot: Spot) -> list[Finding]:
    from klio_cli.verify import online

    there = config.pipeline_options.runner == RUNNER and not job.local
    return list(online.cluster(job, config, spot)) if there else []


def _findings(seen: Sequence[Seen]) -> list[Finding]:
    from klio_cli.verify import online

    return list(online.findings(seen))
