"""Whether a job can be launched on Dataflow: what is missing for that, all of it at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from klio_core.config import DirectoryRecords, InvalidConfig, KlioConfig
from klio_core.elsewhere import Lack, places_here, problems
from klio_core.errors import UsageError
from klio_core.invocation import Invocation

_HERE_ONLY = ("project", "mail", "workers", "exit_when_idle", "max_messages", "sample", "max_failures")
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")  # of a job, as Dataflow takes it
_LETTERS = "klio-dead-letters"


def fitted(config: KlioConfig, invocation: Invocation) -> KlioConfig:
    """Answer the job as workers elsewhere can run it: nothing of it is on this machine.

    Dead letters go below the staging location where the job file names no place for them. Raises UsageError for flags
    that are about runs on this machine, and InvalidConfig where something is missing.
    """
    _refuse_flags(invocation)
    where = str(invocation.config_path)
    lacking = problems(_lacking(config), where)
    if lacking:
        raise InvalidConfig(where, lacking)
    return _with_letters(_with_locations(config))


def remarks(config: KlioConfig) -> Iterator[str]:
    """Yield what those who launch a job should know of its job file, before it is fitted."""
    for old, today in config.pipeline_options.old_names.items():
        yield f"pipeline_options.{old} is called {today} today"
    if config.job_config.events.dead_letters is None:
        yield f"events.dead_letters is not set: dead letters go to {_letters_of(_with_locations(config)).location}"


def _refuse_flags(invocation: Invocation) -> None:
    given = [field for field in _HERE_ONLY if getattr(invocation, field) is not None]
    if given:
        flags = ", ".join("--" + field.replace("_", "-") for field in given)
        raise UsageError(f"{flags}: only a run on this machine knows that", todo="leave it out, or add --local")


def _lacking(config: KlioConfig) -> Iterator[Lack]:
    options = config.pipeline_options
    if not options.project:
        yield "pipeline_options.project", "Dataflow needs it", "name the Google Cloud project that pays for the run"
    places = {"staging_location": options.staging_location, "temp_location": options.temp_location}
    if not any(places.values()):
        todo = "name a directory of a bucket for code and temporary files: gs://…"
        yield "pipeline_options.temp_location", "Dataflow needs it, or staging_location", todo
    for key, place in places.items():
        if place and not place.startswith("gs://"):
            yield f"pipeline_options.{key}", f"no place that workers see: {place}", "name a bucket: gs://…"
    if not _NAME.fullmatch(options.job_name or ""):
        todo = "lower-case letters, digits and -, beginning with a letter; `pipeline_options.job_name` may differ"
        yield "pipeline_options.job_name", f"no name that Dataflow takes: {options.job_name}", todo
    if not (options.sdk_container_image or options.setup_file or options.requirements_file):
        todo = "name the job's image; `--image-tag` adds its tag"
        yield "pipeline_options.sdk_container_image", "the workers have no klio and no code of the job", todo
    yield from places_here(config)


def _with_locations(config: KlioConfig) -> KlioConfig:
    options = config.pipeline_options
    staging = options.staging_location or options.temp_location
    update = {"staging_location": staging, "temp_location": options.temp_location or staging}
    return config.model_copy(update={"pipeline_options": options.model_copy(update=update)})


def _with_letters(config: KlioConfig) -> KlioConfig:
    job_config = config.job_config
    if job_config.events.dead_letters is not None:
        return config
    events = job_config.events.model_copy(update={"dead_letters": _letters_of(config)})
    return config.model_copy(update={"job_config": job_config.model_copy(update={"events": events})})


def _letters_of(config: KlioConfig) -> DirectoryRecords:
    staging = (config.pipeline_options.staging_location or "").rstrip("/")
    return DirectoryRecords(location=f"{staging}/{_LETTERS}/{config.job_name}")
