"""A batch run on this machine: Beam's FnApiRunner, named outright.

Beam's "DirectRunner" would first try to download another engine and run on that where it can.
"""

from __future__ import annotations

from pathlib import Path

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from klio_core.errors import KlioError
from klio_exec.blame import as_raised, at_author
from klio_exec.runners.tally import Tally

_ADVICE = "put the code under @handle_klio: then its element becomes a dead letter, and the others go on"


class BatchRun:
    """Runs a job's graph once, over everything that its inputs hold."""

    def __init__(self) -> None:
        self.runner = FnApiRunner()
        self.tally = Tally()

    def run(self, pipeline: Pipeline, options: PipelineOptions) -> Tally:
        """Run the pipeline, which was built with this run's `runner`. Answers what was counted.

        Raises JobCodeError at the author's line for what the graph raises; Beam gives up the whole batch then. Raises
        LostWork where too many messages became dead letters, EventError where one could not be kept.
        """
        try:
            result = self.runner.run_pipeline(pipeline, options)
        except KlioError as error:
            raise as_raised(error) from error
        except Exception as error:  # the author's code may raise anything; raised as theirs
            what = "the job's code raised outside of @handle_klio, which ends a batch"
            raise at_author(error, what, Path.cwd(), _ADVICE) from error
        self.tally.add(result.monitoring_infos())
        return self.tally
