"""Reads Pub/Sub by Beam's public splittable DoFns, for runners that are neither ours nor Dataflow.

Each call of the reader is one pull. Its messages are acknowledged when the runner has finalised the bundle that they
went through: the reader and all that is fused to it, the publishing of output events included. What comes behind a
shuffle is not in that bundle: `breaks_in` finds such graphs for the runners that would lose messages by it.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp.pubsub import ReadFromPubSub
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.pipeline import PipelineVisitor, PTransformOverride
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.userstate import is_stateful_dofn
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp

from klio.events.pubsub import Leased, Subscription
from klio_core.errors import EventError
from klio_exec.runners.microbatch import subscription_of
from klio_exec.runners.pace import Pace

log = logging.getLogger("klio.feed")
_POLL_S = 1.0  # a pull waits this long; a stopping run waits for it
_END = 1 << 62

stopping = threading.Event()
"""Set, the readers of this process end, and with them the pipeline: nothing more is pulled."""


class _Forever(RestrictionProvider):
    """The messages of a subscription, numbered as they come; the last one never comes."""

    def initial_restriction(self, element: str) -> OffsetRange:  # noqa: ARG002  (Beam's signature)
        return OffsetRange(0, _END)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, element: str, restriction: OffsetRange) -> int:  # noqa: ARG002  (Beam's signature)
        return 1

    def split(self, element: str, restriction: OffsetRange) -> Iterator[OffsetRange]:  # noqa: ARG002  (as above)
        yield restriction


_TRACKER = beam.DoFn.RestrictionParam(_Forever())
_WATERMARK = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider())


class Pull(beam.DoFn):
    """Yields the messages of a subscription, in portions of about a second of work, `limit` at most.

    It ends when this process is `stopping`, or after `exit_when_idle_s` seconds without a message.
    """

    def __init__(self, *, limit: int, lease_s: int, exit_when_idle_s: float | None) -> None:
        self._limit = limit
        self._lease_s = lease_s
        self._idle_s = exit_when_idle_s

    def setup(self) -> None:
        """Begin with nothing learned and nothing held."""
        self._pace = Pace(self._limit)
        self._leases: dict[str, _Leases] = {}
        self._quiet_since = time.monotonic()

    def teardown(self) -> None:
        """Let others have what is not done."""
        for leases in self._leases.values():
            leases.close()

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        subscription: str,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,  # the class, and before the tracker: else nothing is finalised
        tracker: Any = _TRACKER,
        watermark: Any = _WATERMARK,
    ) -> Iterator[TimestampedValue]:
        """Yield what one pull brings, and ask to be called again."""
        leases = self._leases_of(subscription)
        begin = time.monotonic()
        messages = [] if stopping.is_set() else leases.pull(self._pace.size)
        if messages:
            finalizer.register(lambda: leases.done(messages))
            self._quiet_since = time.monotonic()
        elif stopping.is_set() or self._is_idle():
            tracker.try_claim(_END - 1)  # nothing remains: the reader has ended
            return
        number = tracker.current_restriction().start
        for offset, message in enumerate(messages):
            if not tracker.try_claim(number + offset):
                return
            yield TimestampedValue(message.data, message.publish_time)
        if messages:
            self._pace.learn(len(messages), time.monotonic() - begin)
            self._quiet_since = time.monotonic()
        watermark.set_watermark(Timestamp.of(time.time()))
        tracker.defer_remainder(Duration.of(0))

    def _leases_of(self, subscription: str) -> _Leases:
        if subscription not in self._leases:
            self._leases[subscription] = _Leases(subscription, self._lease_s)
        return self._leases[subscription]

    def _is_idle(self) -> bool:
        return self._idle_s is not None and time.monotonic() - self._quiet_since > self._idle_s


class _Leases:
    """The messages of one subscription that a reader holds: kept while it lives, until they are done.

    A reader whose bundle failed is thrown away by Beam, and this with it: its messages then come again.
    """

    def __init__(self, path: str, lease_s: int) -> None:
        self._subscription = Subscription(path)
        self._lease_s = lease_s
        self._held: dict[str, None] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(
            target=_keep, args=(weakref.ref(self), self._ended, lease_s / 3), name="klio-leases", daemon=True
        ).start()
        weakref.finalize(self, self._ended.set)

    def pull(self, limit: int) -> list[Leased]:
        """Answer up to `limit` messages, nothing after a second without one."""
        messages = self._subscription.pull(limit, _POLL_S)
        if messages is None:
            time.sleep(_POLL_S)  # the service is away; it may come back
            return []
        if messages:
            ids = [one.ack_id for one in messages]
            self._subscription.extend(ids, self._lease_s)
            with self._lock:
                self._held.update(dict.fromkeys(ids))
        return messages

    def done(self, messages: Sequence[Leased]) -> None:
        """Acknowledge."""
        ids = [one.ack_id for one in messages]
        with self._lock:
            for one in ids:
                self._held.pop(one, None)
        try:
            self._subscription.ack(ids)
        except EventError as error:
            log.warning("%d messages could not be acknowledged and will come again: %s", len(ids), error.got)

    def renew(self) -> None:
        """Keep what is held."""
        with self._lock:
            ids = list(self._held)
        if ids:
            self._extend(ids, self._lease_s)

    def close(self) -> None:
        """Give back what is held."""
        self._ended.set()
        with self._lock:
            ids = list(self._held)
            self._held.clear()
        if ids:
            self._extend(ids, 0)

    def _extend(self, ids: Sequence[str], seconds: int) -> None:
        try:
            self._subscription.extend(ids, seconds)
        except EventError as error:
            log.warning("the leases of %d messages could not be changed: %s", len(ids), error.got)


def _keep(leases: weakref.ref[_Leases], ended: threading.Event, pause_s: float) -> None:
    while not ended.wait(pause_s):
        held = leases()
        if held is None:
            return
        held.renew()
        del held


class PullInstead(PTransformOverride):
    """Reads subscriptions by `Pull` wherever a pipeline reads Pub/Sub."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def matches(self, applied: Any) -> bool:
        """Whether this reads Pub/Sub."""
        return isinstance(applied.transform, ReadFromPubSub)

    def get_replacement_transform_for_applied_ptransform(self, applied: Any) -> Any:
        """Answer what reads instead."""
        return _Pulled(subscription_of(applied.transform), self._settings)


class _Pulled(beam.PTransform):
    def __init__(self, path: str, settings: dict[str, Any]) -> None:
        super().__init__()
        self._path = path
        self._settings = settings

    def expand(self, begin: Any) -> Any:
        return (
            begin.pipeline
            | beam.Create([self._path], reshuffle=False)
            | beam.ParDo(Pull(**self._settings)).with_output_types(bytes)
        )


def breaks_in(pipeline: Any) -> list[str]:
    """Answer the steps behind a reader whose results are not in the bundle that is acknowledged."""
    found: dict[str, None] = {}
    behind: set[Any] = set()

    class Visitor(PipelineVisitor):
        def visit_transform(self, node: Any) -> None:
            transform = node.transform
            from_reader = isinstance(getattr(transform, "fn", None), Pull)
            beside = any(side.pvalue in behind for side in node.side_inputs)
            if not (from_reader or beside or any(one in behind for one in node.inputs)):
                return
            behind.update(node.outputs.values())
            stateful = isinstance(transform, beam.ParDo) and is_stateful_dofn(transform.fn)
            if beside or stateful or isinstance(transform, beam.Flatten | beam.GroupByKey):
                found[node.full_label] = None

    pipeline.visit(Visitor())
    return list(found)
