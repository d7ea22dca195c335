from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from klio_cli.new_job import dependencies
from klio_cli.new_job.choices import CHOICES, DATAFLOW
from klio_cli.new_job.templates import KINDS
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError
from klio_core.names import LOCAL_PROJECT

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

KUBERNETES = "DirectGKERunner"
_PYTHONS = "3.11, 3.12, 3.13"
# klio 22.3 has it with a value and without one.
_SWITCH: dict[str, Any] = {
    "is_flag": False, "flag_value": True, "type": bool, "default": False, "metavar": "[true|false]",
}  # fmt: skip


class _Create(click.Command):
    """Takes what follows --dependency together."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, dependencies.joined(args))


def _choices(command: Decorated) -> Decorated:
    for choice in reversed(CHOICES):
        usual = f" Default: {choice.default.replace('$project', 'PROJECT').replace('$name', 'NAME')}."
        said = choice.help + (usual if choice.default else "")
        command = click.option(*choice.options, choice.field, metavar="TEXT", help=said)(command)
    return command


@click.command(cls=_Create)
@click.argument("name", required=False)
@click.option("--job-name", metavar="NAME", help="Another way to give NAME.")
@click.option("--template", type=click.Choice(list(KINDS)), help="What the job is made from. Default: streaming.")
@click.option("--job-type", type=click.Choice(["streaming", "batch"]), help="Another way to give --template.")
@click.option("--gcp-project", metavar="PROJECT", help=f"Default: {LOCAL_PROJECT}.")
@click.option("--use-defaults", is_flag=True, help="Ask nothing; what is not given is as usual.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="The job's directory. Default: NAME.")
@click.option(
    "--runner", type=click.Choice(["DirectRunner", KUBERNETES, DATAFLOW]),
    help=f"Where it is to run; {KUBERNETES} is --template kubernetes. Default: DirectRunner.",
)  # fmt: skip
@click.option("--autoscale", is_flag=True, help="On Kubernetes: as many workers as the waiting events ask for.")
@_choices
@click.option(
    "--dependency", multiple=True, metavar="KEY=VALUE...",
    help="A parent of the job: job-name=… input-topic=… gcp-project=… region=…; give it for each.",
)  # fmt: skip
@click.option("--python-version", metavar="VERSION", help="That of the image. Default: this machine's.")
@click.option("--create-resources", **_SWITCH, help="Make its topics and buckets: shows which, and asks.")
@click.option("--use-fnapi", **_SWITCH, help="Changes nothing: every job is one of Beam's Fn API today.")
@click.pass_context
def command(
    context: click.Context, /, *, output: Path | None, use_defaults: bool, create_resources: bool, **given: Any
) -> int:
    """Make a new job that works at once.

    What is not given is asked for on a terminal, with what it usually is; --use-defaults asks nothing, and neither does
    a script. The job of the templates streaming, batch and kubernetes writes a greeting for each element; automixer and
    separator are examples of klio: one mixes two tracks on the beat, the other makes the stems of a song. Each has a
    test that passes, and runs under --local as it is.
    """
    from klio_cli.new_job import place

    terminal: Terminal = context.obj
    job, target = _job(terminal, given, output, asking=terminal.asks and not use_defaults)
    texts = job.files()
    place.write(target, texts)
    terminal.say(f"Created {job.name}, a {job.kind.job_type} job:\n\n{_tree(target, list(texts))}\n")
    terminal.say(f"Next:\n\n  cd {target}\n  klio job test\n  klio job run --local")
    if not create_resources:
        return 0
    from klio_cli.commands.job import verify

    terminal.say()
    return int(context.invoke(verify.command, create=True, job_dir=target))


def _job(terminal: Terminal, given: Mapping[str, Any], output: Path | None, *, asking: bool) -> tuple[Any, Path]:
    """Answer the job, and where it is to be; what is in its way is told before anything more is asked."""
    from klio_cli.new_job import ask, place
    from klio_cli.new_job.job import NewJob, job_name

    name = _name(given["name"], given["job_name"])
    name = job_name(name) if name is not None else _asked_name(terminal, asking=asking)
    target = output or Path(name)
    place.refuse_occupied(target)
    template = _template(given["template"], given["job_type"], given["runner"])
    template = template or (ask.the_template(terminal) if asking else "streaming")
    project = given["gcp_project"] or (ask.the_project(terminal, LOCAL_PROJECT) if asking else LOCAL_PROJECT)
    job = NewJob(
        name,
        project,
        template,
        runner="" if template == "kubernetes" else given["runner"] or "",
        autoscale=given["autoscale"],
        python_version=_python(given["python_version"]),
        answers={choice.field: value for choice in CHOICES if (value := given[choice.field]) is not None},
        dependencies=tuple(map(dependencies.parsed, given["dependency"])),
    )
    return ask.the_rest(terminal, job) if asking else job, target


def _name(argument: str | None, option: str | None) -> str | None:
    if argument is not None and option is not None and argument != option:
        raise UsageError("NAME and --job-name are two names of one job", got=f"{argument} and {option}")
    return option if argument is None else argument


def _asked_name(terminal: Terminal, *, asking: bool) -> str:
    if not asking:
        raise UsageError("a new job needs a name", todo="klio job create NAME")
    from klio_cli.new_job import ask

    return ask.the_name(terminal)


def _python(version: str | None) -> str:
    """Answer the version as images are called by it: 3.11 for 3.11.7. Raises UsageError where Beam has no image."""
    short = ".".join((version or "").split(".")[:2])
    if version is not None and short not in _PYTHONS.split(", "):
        raise UsageError("Beam has no image for this Python", where="--python-version", expected=_PYTHONS, got=version)
    return short


def _template(template: str | None, job_type: str | None, runner: str | None) -> str | None:
    """Answer the template that three options may say. Raises UsageError where they say different things."""
    if template and job_type and KINDS[template].job_type != job_type:
        raise UsageError(f"--template {template} is a {KINDS[template].job_type} job", got=f"--job-type {job_type}")
    if runner == KUBERNETES:
        if (template or job_type or "streaming") not in ("streaming", "kubernetes"):
            todo = "leave out --runner: a batch runs wherever `klio job run` does"
            got = f"--template {template}" if template else f"--job-type {job_type}"
            raise UsageError("only a streaming job is a Deployment", got=got, todo=todo)
        return "kubernetes"
    if template == "kubernetes" and runner:
        raise UsageError(f"--template kubernetes is run by the {KUBERNETES}", got=f"--runner {runner}")
    return template or job_type


def _tree(root: Path, names: list[str]) -> str:
    branches = ["├──"] * (len(names) - 1) + ["└──"]
    return "\n".join([f"  {root}/", *(f"  {branch} {name}" for branch, name in zip(branches, names, strict=True))])
