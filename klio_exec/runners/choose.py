"""Which runner a job runs on: decided once, here."""

from __future__ import annotations

from typing import Protocol

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineRunner

from klio.context import KlioContext
from klio_core.config import KlioConfig
from klio_core.errors import UsageError
from klio_core.invocation import Invocation
from klio_exec.runners.batch import BatchRun
from klio_exec.runners.report import Tell, to_nobody
from klio_exec.runners.streaming import StreamingRun
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop

_HERE = {"DirectRunner", "FnApiRunner"}
_ON_DATAFLOW = "DataflowRunner"


class Run(Protocol):
    """One run of a pipeline: build it with `runner`, then `run` it. `tally` is what it has counted so far."""

    runner: PipelineRunner
    tally: Tally

    def run(self, pipeline: Pipeline, options: PipelineOptions) -> Tally:
        """Run to the end. Answers what was counted."""


def on_dataflow(config: KlioConfig, invocation: Invocation) -> bool:
    """Whether the job is to be submitted to Dataflow, instead of being run by this process."""
    here = invocation.local or invocation.direct_runner
    return not here and config.pipeline_options.runner == _ON_DATAFLOW


def run_for(context: KlioContext, invocation: Invocation, stop: Stop, tell: Tell = to_nobody) -> Run:
    """Answer the run that the job file and the flags ask for; a streaming one does `tell` how it goes.

    Raises UsageError where this version has none.
    """
    if not (invocation.local or invocation.direct_runner):
        _check(context.config.pipeline_options.runner)
    if context.streaming:
        return StreamingRun(context, stop, invocation.exit_when_idle, tell)
    return BatchRun()


def _check(named: str) -> None:
    if named not in _HERE:
        raise UsageError(
            f"this version does not launch jobs on {named}",
            where="pipeline_options.runner",
            todo="run it on this machine: --local (the local cloud) or --direct-runner (the services it names)",
        )
