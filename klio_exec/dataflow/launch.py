"""Submits a job to Dataflow: the graph that also runs here, the options of the job file, nothing of this machine."""

from __future__ import annotations

import importlib.util
import logging
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions
from google.api_core.exceptions import GoogleAPICallError

from klio.context import KlioContext, bind
from klio_core.config import KlioConfig
from klio_core.errors import CloudError, EngineError, KlioError
from klio_core.invocation import Invocation
from klio_core.on_dataflow.api import DONE, Dataflow, DataflowJob
from klio_core.on_dataflow.fit import fitted, remarks
from klio_core.on_dataflow.options import image_of, options_there
from klio_exec.blame import at_author
from klio_exec.dataflow import prebuild
from klio_exec.dataflow.counts import tally_of
from klio_exec.dataflow.wait import Watch
from klio_exec.load import load_run
from klio_exec.options import spare_the_search_for_credentials
from klio_exec.pipeline import build
from klio_exec.resources import check, check_bucket
from klio_exec.summary import Summary

log = logging.getLogger("klio.run")

_UNTIL_RUNNING_S = 600.0
_LOST = 3
_ENDED_WELL = frozenset({DONE, "DRAINED", "UPDATED"})


def launch(config: KlioConfig, invocation: Invocation) -> tuple[str, int]:
    """Submit the job, and wait for it as far as it is to be waited for. Answers what to print and the exit status.

    Raises KlioError for everything that keeps it from being submitted, and CloudError where it fails while it is
    waited for.
    """
    _is_installed()
    fit = fitted(config, invocation)
    for remark in remarks(config):
        log.warning("%s", remark)
    config = fit
    prebuild.check(prebuild.builder_of(config))
    service = Dataflow.of(config)
    update = _replaces(service, config, invocation)
    check_bucket(str(config.pipeline_options.staging_location))
    job = _submit(config, invocation, update=update)
    if job is None:
        return f"{config.job_name}: template written to {config.pipeline_options.template_location}", 0
    return _wait(config, invocation, service, job)


def _is_installed() -> None:
    if importlib.util.find_spec("google.cloud.dataflow_v1beta3") is None:
        raise EngineError(
            "what submits jobs to Dataflow is not installed here",
            expected="google-cloud-dataflow-client",
            todo="pip install 'klio[dataflow]'; where the job is launched from its image: into job-requirements.txt",
        )


def _replaces(service: Dataflow, config: KlioConfig, invocation: Invocation) -> bool:
    """Answer whether a running job is to be replaced in place. It is the first that is asked of the service."""
    options = config.pipeline_options
    running = service.active(str(options.job_name))
    update = options.update if invocation.update is None else invocation.update
    if update and running is None:
        log.warning("no job named %s is running: it is started anew", options.job_name)
    if running is not None and not update:
        raise CloudError(
            f"a job named {options.job_name} is on Dataflow already",
            where=service.page(running.id),
            got=running.state,
            todo="`--update` replaces it in place, `klio job stop` ends it",
        )
    return update and running is not None


def _submit(config: KlioConfig, invocation: Invocation, *, update: bool) -> DataflowJob | None:
    """Answer the job as the service took it, None where a template was written instead."""
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner

    os.chdir(invocation.job_dir)  # setup.py and the like are relative to the job
    if config.pipeline_options.no_auth:
        spare_the_search_for_credentials()
    context = KlioContext(config)
    bind(context)
    run_code = load_run(Path())
    image = image_of(config.pipeline_options, invocation.image_tag)
    options = options_there(config, image=image, update=update, version=version("klio"), environ=os.environ)
    pipeline = Pipeline(runner=DataflowRunner(), options=PipelineOptions.from_dictionary(options))
    # They are those of the workers' environment already; Beam would add the two up: one bundle would become two.
    pipeline._root_transform().resource_hints.clear()  # noqa: SLF001  (Beam has no other way to say it)
    build(pipeline, context, run_code)
    check(config)
    result = _sent(pipeline)
    if not result.has_job:
        return None
    return DataflowJob(result.job_id(), str(config.pipeline_options.job_name), "PENDING")


def _sent(pipeline: Pipeline) -> Any:
    try:
        return pipeline.run()
    except KlioError:
        raise
    except (GoogleAPICallError, OSError) as error:
        got = f"{type(error).__name__}: {error}"
        raise CloudError("Dataflow did not take the job", got=got, todo="the service's own words say why") from error
    except Exception as error:  # Beam and the author's code raise anything; raised as what it means
        raise at_author(error, "the job cannot be written down for Dataflow", Path()) from error


def _wait(config: KlioConfig, invocation: Invocation, service: Dataflow, job: DataflowJob) -> tuple[str, int]:
    start, watch = time.monotonic(), Watch(service, job)
    job_config = config.job_config
    log.info("%s is submitted to Dataflow: %s", job.name, service.page(job.id))
    if job_config.blocking if invocation.blocking is None else invocation.blocking:
        watch.until_ended()
        return _ended(config, service, watch, time.monotonic() - start)
    if job_config.wait_for_pipeline_running:
        watch.until_running(_UNTIL_RUNNING_S)
    return "\n".join(
        (
            f"{job.name}: submitted to Dataflow",
            f"  job    {job.id}",
            f"  state  {watch.job.state}",
            f"  page   {service.page(job.id)}",
        )
    ), 0


def _ended(config: KlioConfig, service: Dataflow, watch: Watch, seconds: float) -> tuple[str, int]:
    if watch.job.state not in _ENDED_WELL:
        raise watch.failure("the job did not come to its end on Dataflow")
    summary = Summary.of(config.job_name, tally_of(service.metrics(watch.job.id)), seconds)
    letters: Any = config.job_config.events.dead_letters
    return summary.text(getattr(letters, "topic", None) or letters.location), _LOST if summary.dead else 0
