from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from klio_cli import here, job_dir, options
from klio_cli.images import backend as backends
from klio_cli.kubernetes import options as options_of_kubernetes
from klio_cli.kubernetes import spot as kubernetes
from klio_cli.terminal import Terminal
from klio_cli.where import dataflow
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation


@click.command()
@options.flags(*options.JOB_FLAGS, "image_tag", "blocking", "update", "verbose")
@click.option("--drain", is_flag=True, help="Let the job that runs finish what it has read, before it is replaced.")
@click.option("--no-container", is_flag=True, help="Launch with this machine's Python, not from the image.")
@click.option("--force-build", is_flag=True, help="Build the image although it is there, and every layer anew.")
@click.option("--dry-run", is_flag=True, help="Print what would be launched, and do nothing.")
@backends.option
@options_of_kubernetes.spot
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    drain: bool,
    no_container: bool,
    force_build: bool,
    dry_run: bool,
    backend: str,
    kube_context: str | None,
    namespace: str | None,
    **chosen: Any,
) -> int:
    """Put a job on Dataflow, or on Kubernetes, in the place of the one that runs there under its name.

    The new image is built and pushed first. Then, on Dataflow, the running job is cancelled, or, with --drain, finishes
    what it has read, and the new one is launched when it has ended. With --update Dataflow replaces it in place:
    nothing stops.
    On Kubernetes workers are replaced one after the other, and each finishes what it has begun; with --drain all have
    ended before a new one starts.
    Where none runs, the job is launched as by `klio job run`.
    """
    job = options.invocation(chosen)
    if drain and job.update:
        raise UsageError("--drain and --update exclude each other", todo="--update alone hands over what is in flight")
    config = job_dir.load(job)
    if no_container and backend == backends.CLOUD_BUILD:
        raise UsageError("with --no-container no image is built", where=f"--backend {backend}")
    how = _How(drain, no_container, force_build, dry_run, backend)
    if config.pipeline_options.runner == kubernetes.RUNNER:
        return _on_kubernetes(job, config, kubernetes.Spot(kube_context, namespace), terminal, how)
    if config.pipeline_options.runner == dataflow.RUNNER:
        return _on_dataflow(job, config, terminal, how)
    raise UsageError(
        f"{config.job_name} runs neither on Dataflow nor on Kubernetes",
        got=f"runner: {config.pipeline_options.runner}",
        todo="`klio job run` runs it on this machine",
    )


class _How(NamedTuple):
    drain: bool
    no_container: bool
    force_build: bool
    dry_run: bool
    backend: str


def _on_kubernetes(job: Invocation, config: KlioConfig, spot: kubernetes.Spot, terminal: Terminal, how: _How) -> int:
    from klio_cli.kubernetes.launch import Launch
    from klio_cli.where.kubernetes import OnKubernetes

    launch = Launch.of(job, config, spot, build=not how.no_container)
    if how.dry_run:
        return launch.show(terminal)

    def make_way() -> None:
        if how.drain:
            OnKubernetes.of(config, spot, launch.manifests).stop(terminal, drain=True)

    return launch.run(terminal, again=how.force_build, backend=how.backend, in_place=True, before=make_way)


def _on_dataflow(job: Invocation, config: KlioConfig, terminal: Terminal, how: _How) -> int:
    from klio_cli.container.launch import Launch

    launch = Launch.of(job, config)
    if how.dry_run:
        launch.show(terminal)
        return 0

    def make_way() -> None:
        if not _in_place(job, config):
            dataflow.OnDataflow.of(config).stop(terminal, drain=how.drain)

    if how.no_container or how.backend == backends.CLOUD_BUILD:
        launched = job if how.no_container else launch.built_in_cloud(terminal)
        make_way()
        return here.run(launched)
    return launch.run(terminal, again=how.force_build, before=make_way)


def _in_place(job: Invocation, config: KlioConfig) -> bool:
    return config.pipeline_options.update if job.update is None else job.update
