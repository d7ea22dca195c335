"""All that a container is started with, as one value: what `--dry-run` prints and what is run are the same.

A container runs a job here, or launches it elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from klio_cli.container import credentials
from klio_cli.places import Mount, Places
from klio_core.config import KlioConfig
from klio_core.invocation import Invocation
from klio_core.on_dataflow.labels import variables as label_variables
from klio_core.other_runners import is_handed_on, option
from klio_core.profiling import Profiling

PROGRAM = "klioexec"
JOB_DIR = "/usr/src/app"
CONFIG_INSIDE = "/run/klio/klio-job.yaml"
_REPORT_INSIDE = "/run/klio/report"
_EMULATORS = ("PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")
_SERVICES = ("job_endpoint", "artifact_endpoint")  # of another runner
_OPTIONS, _CACHE = "PYTEST_ADDOPTS", "-o cache_dir=/tmp/.pytest_cache"  # of pytest; the job's directory is root's
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Plan:
    """A run of a job's image on this machine. Nothing in it is secret: credentials are a mount, by its path."""

    image: str
    command: tuple[str, ...]
    mounts: tuple[Mount, ...]
    environment: Mapping[str, str]
    user: str
    host_network: bool

    def text(self) -> str:
        """Answer the plan for people, a line for each thing."""
        lines = [
            ("image", self.image),
            ("command", " ".join((PROGRAM, *self.command))),
            *(("mount", str(mount)) for mount in self.mounts),
            *(("variable", f"{name}={value}") for name, value in self.environment.items()),
            ("user", self.user),
            ("network", "that of this machine" if self.host_network else "the engine's"),
        ]
        return "\n".join(f"  {name:9} {said}" for name, said in lines)


def plan(job: Invocation, image: str, places: Places, environ: Mapping[str, str] | None = None) -> Plan:
    """Answer how to run `job` in `image` against the services that its file and `environ` name.

    It works there, or hands itself on to another runner.
    Raises UsageError where GOOGLE_APPLICATION_CREDENTIALS names no file.
    """
    config = places.config
    inside = _inside(job)
    if not is_handed_on(config, job):
        inside = replace(inside, direct_runner=True)
    services = (option(config.pipeline_options, name) for name in _SERVICES)
    return _planned(inside, image, config, places.mounts(), os.environ if environ is None else environ, *services)


def launch_plan(job: Invocation, image: str, config: KlioConfig, environ: Mapping[str, str] | None = None) -> Plan:
    """Answer how to launch `job` from `image`: it sees no directory of this machine, and who launches it.

    Raises UsageError where GOOGLE_APPLICATION_CREDENTIALS names no file.
    """
    environ = os.environ if environ is None else environ
    planned = _planned(_inside(job), image, config, [], environ, config.pipeline_options.dataflow_endpoint or "")
    return replace(planned, environment={**planned.environment, **label_variables(environ)})


def plan_of_tests(
    image: str, config: KlioConfig, arguments: Sequence[str], environ: Mapping[str, str] | None = None
) -> Plan:
    """Answer how to run a job's tests in its image, by pytest with these arguments.

    They see no directory of this machine, no service and no credentials. Nothing is written beside them.
    """
    environ = os.environ if environ is None else environ
    variables = {**_environment(config, environ), _OPTIONS: f"{environ.get(_OPTIONS, '')} {_CACHE}".strip()}
    command = ("test", "--job-dir", JOB_DIR, "--", *arguments)
    return Plan(image, command, (), variables, _user(), host_network=False)


def plan_of_audit(
    job: Invocation, image: str, config: KlioConfig, report: Path, environ: Mapping[str, str] | None = None
) -> Plan:
    """Answer how to run a job's tests in its image under watch, as above; what is seen is written to `report`."""
    command = ("audit", f"--report={_REPORT_INSIDE}/{report.name}", *_inside(job).argv())
    mounts = (Mount(report.parent, _REPORT_INSIDE, writable=True),)
    return replace(plan_of_tests(image, config, (), environ), command=command, mounts=mounts)


def plan_of_profile(
    asked: Profiling, image: str, config: KlioConfig, mounts: Sequence[Mount], environ: Mapping[str, str] | None = None
) -> Plan:
    """Answer how to profile a job in its image, `asked` naming files as the container sees them through `mounts`.

    Raises UsageError where GOOGLE_APPLICATION_CREDENTIALS names no file.
    """
    inside = _inside(asked.job)
    planned = _planned(inside, image, config, mounts, os.environ if environ is None else environ)
    return replace(planned, command=("profile", *replace(asked, job=inside).argv()))


def _planned(
    inside: Invocation,
    image: str,
    config: KlioConfig,
    mounts: Sequence[Mount],
    environ: Mapping[str, str],
    *more_addresses: str,
) -> Plan:
    emulators = {name: environ[name] for name in _EMULATORS if environ.get(name)}
    given = None if _are_all_emulated(emulators, environ) else credentials.mount(environ)
    addresses = (*emulators.values(), *more_addresses)
    return Plan(
        image,
        ("run", *inside.argv()),
        (*mounts, *([given] if given else [])),
        {
            **_environment(config, environ),
            **emulators,
            **({credentials.VARIABLE: given.target} if given else {}),
        },
        _user(),
        host_network=any(host in address for address in addresses for host in _LOOPBACK),
    )


def _are_all_emulated(emulators: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    return len(emulators) == len(_EMULATORS) and not environ.get(credentials.VARIABLE)


def _inside(job: Invocation) -> Invocation:
    """Answer what klioexec is asked for: the overrides and templates are in the job file that it gets."""
    asked = replace(job, override=(), template=(), image_tag=None)
    return replace(asked, job_dir=Path(JOB_DIR), config_file=Path(CONFIG_INSIDE))


def _user() -> str:
    return f"{os.getuid()}:{os.getgid()}"


def _environment(config: KlioConfig, environ: Mapping[str, str]) -> dict[str, str]:
    said = {
        "HOME": "/tmp",  # noqa: S108 - inside the container, where this user has no home
        "USER": "klio",
        "PYTHONUNBUFFERED": "1",  # what the job prints comes when it is printed
    }
    if config.pipeline_options.project:
        said["GOOGLE_CLOUD_PROJECT"] = config.pipeline_options.project
    if environ.get("NO_GCE_CHECK"):
        said["NO_GCE_CHECK"] = environ["NO_GCE_CHECK"]
    return said
