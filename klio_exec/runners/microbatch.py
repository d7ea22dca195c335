"""Streaming on one machine: Beam's FnApiRunner, fed with small batches, each acknowledged when all of it is done.

Beam's own local runners acknowledge Pub/Sub messages before they are processed. Here the graph is translated once;
each batch of messages then takes the place of the graph's impulse and runs through all stages, while the workers, and
with them the author's DoFns, stay alive. So Flatten, GroupByKey, side inputs and state work (per batch), and a
message is acknowledged only after everything that it asked for.

This is the one file that stands on Beam's inside. Beam is pinned to one minor version because of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp.pubsub import ReadFromPubSub
from apache_beam.options.value_provider import RuntimeValueProvider
from apache_beam.pipeline import PipelineVisitor, PTransformOverride
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner import execution, fn_runner
from apache_beam.runners.portability.fn_api_runner.worker_handlers import WorkerHandlerManager
from apache_beam.runners.runner import PipelineState
from apache_beam.runners.worker import sdk_worker
from apache_beam.transforms.window import GlobalWindows, TimestampedValue

from klio.events.pubsub import Leased
from klio_core.errors import JobCodeError

_MARK = "klio source "
# Side inputs and state of the runner itself hold one batch's data; what a stateful DoFn keeps ("bags") must stay.
_OF_ONE_BATCH = {
    "iterable_side_input",
    "multimap_side_input",
    "multimap_keys_side_input",
    "multimap_keys_values_side_input",
    "runner",
}
# Beam tears down DoFns that were idle for a minute; a loaded model is to stay for as long as the job runs.
_FOREVER_S = 10**9
_FRESH_SIDE_INPUTS = "disable_global_windowed_args_caching"

Batch = Mapping[str, Sequence[Leased]]  # by subscription
RunBatch = Callable[[Batch], list[Any]]  # answers what the bundles reported; raises what the graph raised


class MicroBatchRunner(fn_runner.FnApiRunner):
    """Runs a streaming pipeline by handing `loop` a function that runs one batch through the whole graph."""

    def __init__(self, loop: Callable[[RunBatch], None]) -> None:
        super().__init__()
        self._loop = loop

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        """Run until `loop` returns."""
        pipeline.replace_all([_FeedInstead()])
        sdk_worker.DEFAULT_BUNDLE_PROCESSOR_CACHE_SHUTDOWN_THRESHOLD_S = _FOREVER_S
        return super().run_pipeline(pipeline, options)

    def run_stages(self, stage_context: Any, stages: list[Any]) -> Any:
        """Replace FnApiRunner's single pass by one pass for each batch."""
        # Else a DoFn sees the side inputs of its first batch for ever. (The runner has set its own just now.)
        RuntimeValueProvider.experiments = {*RuntimeValueProvider.experiments, _FRESH_SIDE_INPUTS}
        workers = WorkerHandlerManager(stage_context.components.environments, self._provision_info)
        try:
            self._loop(lambda batch: self._run_batch(stage_context, stages, workers, batch))
        finally:
            workers.close_all()
        return fn_runner.RunnerResult(PipelineState.DONE, {})

    def _run_batch(self, stage_context: Any, stages: list[Any], workers: Any, batch: Batch) -> list[Any]:
        _forget_last_batch(workers)
        run = _BatchContext(
            # A run rewrites fields of the stages, and the memory of a protobuf whose fields are set again only grows.
            copy.deepcopy(stages),
            workers,
            stage_context.components,
            stage_context.safe_coders,
            stage_context.data_channel_coders,
            self._num_workers,
        )
        run.setup()
        run.inject(batch)
        reported: list[Any] = []
        while len(run.queues.ready_inputs):
            stage_name, data_input = run.queues.ready_inputs.deque()
            stage = run.bundle_manager_for(run.stages[stage_name])
            reported += self._execute_bundle(run, stage, data_input).process_bundle.monitoring_infos
            if not len(run.queues.ready_inputs):
                self._schedule_ready_bundles(run)
        return reported


def sources_of(pipeline: Any) -> list[str]:
    """Answer the subscriptions that a pipeline reads, those that the author's code reads among them."""
    found: dict[str, None] = {}

    class Visitor(PipelineVisitor):
        def enter_composite_transform(self, node: Any) -> None:
            if isinstance(node.transform, ReadFromPubSub):
                found[subscription_of(node.transform)] = None

    pipeline.visit(Visitor())
    return list(found)


class _BatchContext(execution.FnApiRunnerExecutionContext):
    def inject(self, batch: Batch) -> None:
        """Put the messages where the impulses of their sources are."""
        waiting = (self.queues.ready_inputs, self.queues.watermark_pending_inputs)
        for _, data_input in (item for queue in waiting for item in queue._q):  # noqa: SLF001  (Beam's inside)
            for transform, buffer in data_input.data.items():
                source = _source_of(transform)
                if source is not None:
                    coder = buffer._coder_impl  # noqa: SLF001  (Beam's inside)
                    events = [GlobalWindows.windowed_value(_encoded(leased)) for leased in batch.get(source, ())]
                    buffer._inputs = [coder.encode_nested(event) for event in events]  # noqa: SLF001  (Beam's inside)


class _FeedInstead(PTransformOverride):
    def matches(self, applied: Any) -> bool:
        return isinstance(applied.transform, ReadFromPubSub)

    def get_replacement_transform_for_applied_ptransform(self, applied: Any) -> Any:
        return _Fed(subscription_of(applied.transform))


class _Fed(beam.PTransform):
    """An impulse whose single value is replaced by the messages of a batch."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def expand(self, begin: Any) -> Any:
        impulse = begin.pipeline | f"{_MARK}{self._path}" >> beam.Impulse()
        return impulse | beam.Map(_event).with_output_types(bytes)


def subscription_of(read: ReadFromPubSub) -> str:
    """Answer the subscription that a transform reads. Raises JobCodeError for one that reads a topic."""
    source = read._source  # noqa: SLF001  (Beam's own runners read it so)
    if source.subscription_name is None:
        raise JobCodeError(
            "run() reads a topic of Pub/Sub, and on this machine only subscriptions are read",
            where=source.full_topic,
            todo="make a subscription of it and read that: ReadFromPubSub(subscription=…)",
        )
    return f"projects/{source.project}/subscriptions/{source.subscription_name}"


def _event(encoded: bytes) -> Any:
    time, _, data = encoded.partition(b" ")
    return TimestampedValue(data, float(time))


def _encoded(leased: Leased) -> bytes:
    """Answer a message as it travels into the graph: when it was published, and its data."""
    return b"%r %b" % (leased.publish_time, leased.data)


def _source_of(transform: str) -> str | None:
    _, mark, path = transform.partition(_MARK)
    parts = path.split("/")
    return "/".join(parts[:4]) if mark else None


def _forget_last_batch(workers: Any) -> None:
    state = workers.state_servicer._state  # noqa: SLF001  (Beam's inside)
    for key in list(state):
        if beam_fn_api_pb2.StateKey.FromString(key).WhichOneof("type") in _OF_ONE_BATCH:
            del state[key]
