from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from klio_cli import here, job_dir, options
from klio_cli.images import backend as backends
from klio_cli.kubernetes import options as options_of_kubernetes
from klio_cli.kubernetes.spot import RUNNER, Spot
from klio_cli.terminal import Terminal
from klio_cli.where import dataflow
from klio_core.errors import UsageError
from klio_core.invocation import FLAGS, Invocation

if TYPE_CHECKING:
    from klio_core.config import KlioConfig


@click.command()
@options.flags(*(flag.field for flag in FLAGS))
@click.option("--no-container", is_flag=True, help="Run, or launch, with this machine's Python, not in an image.")
@click.option("--force-build", is_flag=True, help="Build the image although it is there, and every layer anew.")
@click.option("--dry-run", is_flag=True, help="Print what would be run, and run nothing.")
@backends.option
@options_of_kubernetes.spot
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    no_container: bool,
    force_build: bool,
    dry_run: bool,
    backend: str,
    kube_context: str | None,
    namespace: str | None,
    **chosen: Any,
) -> int:
    """Run a job.

    With --local, on this machine with nothing but Python: the local cloud is started where it is not up.
    With --direct-runner, in its image on this machine, against the services that the job file names; the image is built
    where the engine does not have it. --no-container does the same without an image.
    A job whose file names the DataflowRunner is launched there, from inside its image, which is built and pushed first;
    with --no-container from here, and its workers run the image that the registry has.
    A job whose file names the DirectGKERunner is put on Kubernetes: its image is built and pushed, its manifests in
    kubernetes/ are applied with that image and the job file, and its workers are waited for; with --no-container they
    run the image that the registry has.
    A job whose file names another runner of Beam is handed to its job service from inside the image, or, with
    --no-container, from here.
    With --backend cloud-build a job for Dataflow or Kubernetes takes no engine: Cloud Build builds and pushes the
    image, and it is launched from here.
    The exit status is that of the run: 3 where something was lost or became a dead letter.
    """
    job = options.invocation(chosen)
    if job.local and job.direct_runner:
        raise UsageError(
            "--local and --direct-runner exclude each other",
            expected="--local for the local cloud, --direct-runner for the services that the job file names",
        )
    in_cloud = backend == backends.CLOUD_BUILD
    if in_cloud and (job.local or job.direct_runner or no_container):
        raise UsageError("no image is built for this run", where=f"--backend {backend}")
    if job.local:
        return _run_here(job, terminal, dry_run=dry_run)
    config = job_dir.load(job)
    if not job.direct_runner and config.pipeline_options.runner == RUNNER:
        from klio_cli.kubernetes.launch import Launch

        launch = Launch.of(job, config, Spot(kube_context, namespace), build=not no_container)
        return launch.show(terminal) if dry_run else launch.run(terminal, again=force_build, backend=backend)
    if no_container:
        return _run_here(job, terminal, dry_run=dry_run)
    if not job.direct_runner and config.pipeline_options.runner == dataflow.RUNNER:
        return _launch(job, config, terminal, again=force_build, dry_run=dry_run, in_cloud=in_cloud)
    if in_cloud:
        got = f"runner: {config.pipeline_options.runner}"
        raise UsageError("Cloud Build builds for Dataflow and Kubernetes", where=f"--backend {backend}", got=got)
    from klio_cli.container.job import run

    return run(job, terminal, _checked(job, config), again=force_build, dry_run=dry_run)


def _launch(
    job: Invocation, config: KlioConfig, terminal: Terminal, *, again: bool, dry_run: bool, in_cloud: bool
) -> int:
    from klio_cli.container.launch import Launch

    launch = Launch.of(job, config)
    if dry_run:
        launch.show(terminal)
        return 0
    return here.run(launch.built_in_cloud(terminal)) if in_cloud else launch.run(terminal, again=again)


def _run_here(job: Invocation, terminal: Terminal, *, dry_run: bool) -> int:
    job_dir.check(job)
    if dry_run:
        terminal.say(shlex.join(["klioexec", "run", *job.argv()]))
        return 0
    return here.run(job)


def _checked(job: Invocation, config: KlioConfig) -> KlioConfig:
    """Answer the job file of a job that its container can run, or hand on to the runner that it names."""
    from klio_core import other_runners

    if other_runners.is_handed_on(config, job):
        other_runners.check_submission(config)
        other_runners.check(config, str(job.config_path))
    return config
