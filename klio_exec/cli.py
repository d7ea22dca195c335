"""`klioexec`: what runs inside a job's container, and behind `klio` on this machine."""

from __future__ import annotations

import logging
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import click

from klio_core.errors import KlioError
from klio_core.invocation import Invocation
from klio_core.profiling import Profiling
from klio_core.redact import redacted
from klio_exec import log


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def klioexec() -> None:
    """Run, test and serve klio jobs in this process."""


@klioexec.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Run a job. `klioexec run --help` lists the options."""
    invocation = Invocation.parse(arguments)
    log.set_up(verbose=invocation.verbose)
    from klio_exec.run import run as run_job

    summary, status = run_job(invocation)
    log.tell(summary)
    sys.exit(status)


@klioexec.command(hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("line", type=int)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def work(line: int, arguments: tuple[str, ...]) -> None:
    """Be one of the workers of a run; the file descriptor LINE leads to their supervisor."""
    invocation = Invocation.parse(arguments)
    log.set_up(verbose=invocation.verbose)
    from klio_exec.run import work as work_there

    os.set_inheritable(line, False)  # what the job starts must not keep it open
    sys.exit(work_there(Connection(line, readable=False), invocation))


@klioexec.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def prebuild(arguments: tuple[str, ...]) -> None:
    """Have Beam build an image with what a job's workers would install, and print its name."""
    invocation = Invocation.parse(arguments)
    log.set_up(verbose=invocation.verbose)
    from klio_core.config import load
    from klio_exec.dataflow.prebuild import prebuild as build

    config = load(invocation.config_path, overrides=invocation.override, templates=invocation.template)
    click.echo(build(config, invocation))


@klioexec.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("message")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def explain(message: str, arguments: tuple[str, ...]) -> None:
    """Say what a job would do with MESSAGE (in hexadecimal) and why; the other arguments are those of a run."""
    from klio_exec.explain import explain as explain_one

    click.echo(explain_one(Invocation.parse(arguments), bytes.fromhex(message)))


@klioexec.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": [], "allow_interspersed_args": False}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def profile(arguments: tuple[str, ...]) -> None:
    """Measure what a job's code costs over some elements. `klioexec profile --help` lists the options."""
    asked = Profiling.parse(arguments)
    log.set_up(verbose=asked.job.verbose)
    if not (asked.show_logs or asked.job.verbose):
        log.quieten()
    from klio_exec.profile.report import profile as profile_job

    summary, status = profile_job(asked)
    log.tell(summary)
    sys.exit(status)


@klioexec.command(context_settings={"ignore_unknown_options": True})
@click.option("--list", "list_checks", is_flag=True, help="Write what is looked for, and look for nothing.")
@click.option("--report", type=click.Path(path_type=Path), help="Where to write what was found, as JSON.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def audit(arguments: tuple[str, ...], report: Path | None, list_checks: bool) -> None:  # noqa: FBT001 - click calls it so
    """Run a job's own tests, and look for what its code leaves behind; the other arguments are those of a run."""
    from klio_exec.audit import session, start

    if list_checks:
        session.list_checks(report)
    else:
        sys.exit(start.start(Invocation.parse(arguments), report))


@klioexec.command(context_settings={"ignore_unknown_options": True})
@click.option("--job-dir", "-j", type=click.Path(path_type=Path), default=Path(), help="The job's directory.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(job_dir: Path, arguments: tuple[str, ...]) -> None:
    """Run the job's own tests; arguments after -- are pytest's."""
    from klio_exec.test import run_tests

    run_tests(job_dir, arguments)


@klioexec.group()
def local() -> None:
    """The local cloud of a project: Pub/Sub and an object store on this machine."""


_project = click.option("--project", type=click.Path(path_type=Path), default=Path(), help="The project's directory.")
_pubsub_port = click.option("--pubsub-port", type=int, default=0, help="Where Pub/Sub listens; 0: any free port.")
_objects_port = click.option("--objects-port", type=int, default=0, help="Where objects are; 0: any free port.")
_fault = click.option("--fault", "faults", multiple=True, help="What it does wrong: KIND@WHERE[,10%][,nth=3][,seed=7].")


@local.command()
@_project
@_pubsub_port
@_objects_port
@_fault
def up(project: Path, pubsub_port: int, objects_port: int, faults: tuple[str, ...]) -> None:
    """Start it, unless it is up."""
    from klio_exec.local import world

    state = world.up(project, pubsub_port, objects_port, faults)
    click.echo(f"the local cloud is up: Pub/Sub {state.pubsub}, objects {state.objects}, process {state.pid}", err=True)


@local.command()
@_project
def down(project: Path) -> None:
    """Stop it; topics, messages and objects stay."""
    from klio_exec.local import world

    click.echo("stopped" if world.down(project) else "it was not up", err=True)


@local.command()
@_project
def reset(project: Path) -> None:
    """Stop it, and throw all its topics, messages and objects away."""
    from klio_exec.local import world

    world.reset(project)
    click.echo("the local cloud is empty", err=True)


@local.command(hidden=True)
@_project
@_pubsub_port
@_objects_port
@_fault
def serve(project: Path, pubsub_port: int, objects_port: int, faults: tuple[str, ...]) -> None:
    """Be the local cloud, until SIGTERM."""
    log.set_up(verbose=False)
    from klio_exec.local import world

    world.serve(project, pubsub_port, objects_port, faults)


def main() -> None:
    """Run the command; an error of ours is its text and its exit status."""
    try:
        klioexec.main(standalone_mode=False)
    except KlioError as error:
        if "-v" in sys.argv or "--verbose" in sys.argv:
            logging.getLogger("klio").debug("the traceback", exc_info=error)
        log.tell(f"Error: {redacted(str(error))}", logging.ERROR)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


if __name__ == "__main__":
    main()
