from __future__ import annotations

from pathlib import Path

import click

from klio_cli.new_job import NewJob
from klio_cli.terminal import Terminal
from klio_core.names import LOCAL_PROJECT


@click.command()
@click.argument("name")
@click.option("--job-type", type=click.Choice(["streaming", "batch"]), default="streaming", help="Default: streaming.")
@click.option("--gcp-project", default=LOCAL_PROJECT, metavar="PROJECT", help=f"Default: {LOCAL_PROJECT}.")
@click.option(
    "--runner", type=click.Choice(["DirectRunner", "DirectGKERunner"]), default="DirectRunner",
    help="DirectGKERunner: with the manifests for Kubernetes. Default: DirectRunner.",
)  # fmt: skip
@click.option("--autoscale", is_flag=True, help="On Kubernetes: as many workers as the waiting events ask for.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="The job's directory. Default: NAME.")
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    name: str,
    job_type: str,
    gcp_project: str,
    runner: str,
    autoscale: bool,
    output: Path | None,
) -> None:
    """Make a new job that works at once.

    It writes a greeting for each element; its test passes, and it runs under --local as it is.
    """
    job = NewJob(name, gcp_project, job_type, kubernetes=runner == "DirectGKERunner", autoscale=autoscale)
    target = output or Path(name)
    job.write(target)
    terminal.say(f"Created {name}, a {job_type} job:\n\n{_tree(target, list(job.files()))}\n")
    terminal.say(f"Next:\n\n  cd {target}\n  klio job test\n  klio job run --local")


def _tree(root: Path, names: list[str]) -> str:
    branches = ["├──"] * (len(names) - 1) + ["└──"]
    return "\n".join([f"  {root}/", *(f"  {branch} {name}" for branch, name in zip(branches, names, strict=True))])
