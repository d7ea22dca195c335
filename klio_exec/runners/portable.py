"""A run on any other runner of Beam: Flink, Spark, Prism, or whatever speaks Beam's job API.

Nothing of this file stands on Beam's inside. A stream is read by `pulled`, a batch as ever.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from apache_beam import Pipeline
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineState, create_runner

from klio.context import KlioContext
from klio.metrics.counts import NAMESPACE, SECONDS
from klio_core.errors import CloudError, JobCodeError, KlioError
from klio_exec.blame import as_raised, at_author
from klio_exec.runners.pulled import PullInstead, breaks_in, stopping
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop

_IN_THIS_PROCESS = "LOOPBACK"
_BEAMS_OWN = "PortableRunner"
_LOOK_S = 0.5


class PortableRun:
    """Runs a job's graph on the runner that the job file names, until it ends or is told to stop."""

    def __init__(self, context: KlioContext, stop: Stop, exit_when_idle_s: float | None = None) -> None:
        self._context = context
        self._name = context.config.pipeline_options.runner
        self._stop = stop
        self._idle_s = exit_when_idle_s
        self.runner = create_runner(self._name)
        self.tally = Tally()

    def run(self, pipeline: Pipeline, options: PipelineOptions) -> Tally:
        """Run the pipeline. Answers what was counted, as far as the runner tells.

        Raises JobCodeError for a streaming graph that Beam's own job service would lose messages of, and for what the
        author's code raises outside of @handle_klio; CloudError where the runner's service fails.
        """
        if self._context.streaming:
            self._read_by_pulling(pipeline)
        try:
            result = self.runner.run_pipeline(pipeline, options)
            self._stop.when_asked(lambda: self._end(result, options))
            watcher = threading.Thread(target=self._watch, args=(result,), name="klio-watch", daemon=True)
            watcher.start()
            result.wait_until_finish()
        except KlioError as error:
            raise as_raised(error) from error
        except Exception as error:  # the runner says in an exception of any kind what went wrong there
            if not self._stop.asked:
                raise self._failed(error) from error
        self._count(result)
        return self.tally

    def _read_by_pulling(self, pipeline: Pipeline) -> None:
        job = self._context.config.job_config
        pipeline.replace_all([PullInstead(limit=job.max_in_flight, lease_s=job.lease_s, exit_when_idle_s=self._idle_s)])
        broken = breaks_in(pipeline) if self._name == _BEAMS_OWN else []
        if broken:
            raise JobCodeError(
                "Beam's own job service would acknowledge events before these steps have their results, and lose them",
                where=", ".join(broken),
                expected="no Flatten, no GroupByKey, no side input and no state behind a Pub/Sub input",
                todo="run it by --direct-runner, on Dataflow, or on Flink, which have no such limit",
            )

    def _end(self, result: Any, options: PipelineOptions) -> None:
        stopping.set()
        if options.get_all_options().get("environment_type") != _IN_THIS_PROCESS:
            result.cancel()  # its readers are in other processes

    def _watch(self, result: Any) -> None:
        while not PipelineState.is_terminal(result.state):
            if self._context.failed_too_often:
                self._stop.ask()
                return
            threading.Event().wait(_LOOK_S)

    def _failed(self, error: Exception) -> KlioError:
        made = at_author(error, f"the job failed on {self._name}", Path())
        if made.where == str(Path()):  # nothing of the job's own is in it: the service failed
            got = f"{type(error).__name__}: {error}".strip()
            return CloudError(f"the job failed on {self._name}", got=got, todo="its own logs say more")
        return made

    def _count(self, result: Any) -> None:
        found = result.metrics().query(MetricsFilter().with_namespace(NAMESPACE))
        for counter in found["counters"]:
            self.tally.counts[counter.key.metric.name] += counter.result
        for spread in found["distributions"]:
            if spread.key.metric.name == SECONDS:
                self.tally.add_work(spread.result.count, spread.result.sum, spread.result.max)
