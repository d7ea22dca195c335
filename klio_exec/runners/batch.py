"""A batch run on this machine: Beam's FnApiRunner, named outright.

Beam's "DirectRunner" would first try to download another engine and run on that where it can.
"""

from __future__ import annotations

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from klio_exec.runners.tally import Tally


class BatchRun:
    """Runs a job's graph once, over everything that its inputs hold."""

    def __init__(self) -> None:
        self.runner = FnApiRunner()
        self.tally = Tally()

    def run(self, pipeline: Pipeline, options: PipelineOptions) -> Tally:
        """Run the pipeline, which was built with this run's `runner`. Answers what was counted."""
        result = self.runner.run_pipeline(pipeline, options)
        self.tally.add(result.monitoring_infos())
        return self.tally
