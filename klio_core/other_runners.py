"""The runners of Beam that are neither ours nor Dataflow: what a job needs to be handed to one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from klio_core.config import InvalidConfig, KlioConfig, KlioPipelineConfig
from klio_core.elsewhere import Lack, places_here, problems
from klio_core.errors import UsageError
from klio_core.invocation import Invocation

OURS = frozenset({"DirectRunner", "FnApiRunner", "DirectGKERunner"})
DATAFLOW = "DataflowRunner"
EMBEDDED = "embed"  # the job service that Beam starts in the process which submits
_CONTAINERS = ("DOCKER", "beam:env:docker:v1")
_BY_ITSELF = ("PortableRunner",)  # others have workers beside them, where nothing is said


def is_handed_on(config: KlioConfig, job: Invocation) -> bool:
    """Whether a run goes to such a runner: the job file names one, and no flag keeps the run here."""
    return not (job.local or job.direct_runner or config.pipeline_options.runner in OURS | {DATAFLOW})


def option(options: KlioPipelineConfig, name: str) -> str:
    """Answer one of Beam's own options as it was written, or nothing."""
    return str((options.model_extra or {}).get(name) or "")


def has_containers(options: KlioPipelineConfig) -> bool:
    """Whether the runner starts its workers as containers, which see nothing of this machine."""
    said = option(options, "environment_type")
    return said in _CONTAINERS or (not said and options.runner in _BY_ITSELF)


def check(config: KlioConfig, where: str) -> None:
    """Raise InvalidConfig for a job file `where` whose workers would not see, or not leave, what it names."""
    found = problems(_lacking(config), where) if has_containers(config.pipeline_options) else []
    if found:
        raise InvalidConfig(where, found)


def check_submission(config: KlioConfig) -> None:
    """Raise UsageError for a job that cannot be handed on from inside its image, where neither Java nor Docker is."""
    options = config.pipeline_options
    runner, service = options.runner, option(options, "job_endpoint")
    if not service:
        raise UsageError(
            f"{runner} starts a job service of its own, for which an image has no Java",
            expected="pipeline_options.job_endpoint: the HOST:PORT of a job service",
            got=f"runner: {runner}",
            todo="name one; --no-container starts it from this machine, --direct-runner runs without that runner",
        )
    if service == EMBEDDED and has_containers(options):
        raise UsageError(
            "a job service inside the job's container has no engine to start workers with",
            expected="pipeline_options.environment_type: LOOPBACK, or a job_endpoint that is HOST:PORT",
            got=f"job_endpoint: {EMBEDDED}, environment_type: DOCKER",
            todo="--no-container starts both on this machine",
        )


def _lacking(config: KlioConfig) -> Iterator[Lack]:
    yield from places_here(config)
    if config.job_config.events.dead_letters is None:
        todo = "name a topic, or a place in a bucket: gs://…"
        yield "job_config.events.dead_letters", "not set: dead letters would go with the workers' containers", todo
