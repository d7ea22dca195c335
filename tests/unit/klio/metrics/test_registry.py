import logging
import pickle
from concurrent.futures import ThreadPoolExecutor

import apache_beam as beam
import pytest

from klio.metrics.base import AbstractRelayClient, BaseMetric, abstract_attr
from klio.metrics.forward import Forward, Told, replay
from klio.metrics.logger import MetricsLoggerClient
from klio.metrics.native import NativeMetricsClient
from klio.metrics.registry import MetricsRegistry
from klio.metrics.relays import relays_for, timer_unit
from klio_core.config import parse


def config(metrics=""):
    return parse(f"job_name: mixer\njob_config: {{metrics: {{{metrics}}}}}\n")


def test_every_update_is_told_to_every_relay():
    first, second = Forward(), Forward()
    metrics = MetricsRegistry("mixer", [first, second])
    metrics.counter("seen", transform="T", tags={"kind": "ogg"}).inc(2)
    metrics.gauge("depth").set(7)
    metrics.timer("took", timer_unit="ms").update(2_600_000)
    assert first.told == second.told
    assert first.told == [
        Told("counter", "seen", "T", 2, {"tags": {"kind": "ogg"}}),
        Told("gauge", "depth", None, 7, {"tags": {}}),
        Told("timer", "took", None, 3, {"timer_unit": "ms", "tags": {}}),
    ]


def test_what_was_told_elsewhere_can_be_told_again():
    there, here = Forward(), Forward()
    metrics = MetricsRegistry("mixer", [there])
    metrics.counter("seen", value=2, transform="T", tags={"kind": "ogg"})
    metrics.gauge("depth", value=7)
    metrics.timer("took", timer_unit="ms").update(3_000_000)
    replay(there.told, MetricsRegistry("mixer", [here]))
    assert here.told == there.told


def test_ten_threads_count_what_one_counts():
    relay = Forward()
    counter = MetricsRegistry("mixer", [relay]).counter("seen")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: [counter.inc() for _ in range(100)], range(10)))
    assert sum(one.value for one in relay.told) == 1000


def test_a_relay_that_fails_is_logged_and_changes_nothing(caplog):
    class Broken(Forward):
        RELAY_CLIENT_NAME = "broken"

        def emit(self, metric):
            raise OSError("no route")

    after = Forward()
    MetricsRegistry("mixer", [Broken(), after]).counter("seen").inc()
    assert len(after.told) == 1
    assert "metric seen was not told to broken: OSError('no route')" in caplog.text


def test_the_log_gets_a_line_for_each_update(caplog):
    caplog.set_level(logging.INFO, "klio.metrics")
    metrics = MetricsRegistry("mixer", relays_for(config("logger: {level: info, timer_unit: us}")))
    metrics.counter("seen", transform="T", tags={"kind": "ogg"}).inc(2)
    metrics.timer("took", timer_unit="ms").update(3_000_000)
    assert [record.getMessage() for record in caplog.records] == [
        "[seen] value: 2 transform: 'T' tags: {'kind': 'ogg', 'metric_type': 'counter'}",
        "[took] value: 3000 transform: 'None' tags: {'metric_type': 'timer', 'unit': 'us'}",
    ]


@pytest.mark.parametrize(("metrics", "names"), [("", []), ("logger: true", ["logger"]), ("logger: false", [])])
def test_the_job_file_says_which_relays_there_are(metrics, names):
    assert [relay.RELAY_CLIENT_NAME for relay in relays_for(config(metrics))] == names


def test_without_metrics_there_are_no_relays():
    assert relays_for(parse("job_name: mixer\njob_config: {metrics: false}\n")) == []


@pytest.mark.parametrize(
    ("metrics", "unit"),
    [("", "s"), ("logger: {timer_unit: ms}", "ms"), ("timer_unit: us, logger: {timer_unit: ms}", "us"),
     ("native: {timer_unit: ns}, logger: {timer_unit: ms}", "ns")],
)  # fmt: skip
def test_the_unit_of_our_timer_is_the_jobs_then_that_of_a_kind(metrics, unit):
    assert timer_unit(config(metrics).job_config.metrics) == unit


def test_a_relay_needs_a_name():
    class Nameless(Forward):
        RELAY_CLIENT_NAME = abstract_attr()

    with pytest.raises(NotImplementedError, match="Nameless needs a RELAY_CLIENT_NAME"):
        Nameless()


def test_a_relay_needs_all_its_methods():
    class Half(AbstractRelayClient):
        RELAY_CLIENT_NAME = "half"

    with pytest.raises(TypeError, match="abstract method"):
        Half(None)


def test_a_metric_holds_one_value():
    metric = BaseMetric("seen", value=1, transform="T", tags={"a": "b"}, unit="ms")
    metric.update(2)
    assert (metric.name, metric.value, metric.transform, metric.tags, metric.unit) == (
        "seen", 2, "T", {"a": "b"}, "ms",
    )  # fmt: skip


def test_beam_adds_up_what_is_counted():
    class Counts(beam.DoFn):
        def process(self, item):
            metrics = MetricsRegistry("mixer")
            metrics.counter("seen").inc(item)
            native = NativeMetricsClient(config())
            native.emit(native.counter("native", value=item))
            yield item

    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        pipeline | beam.Create([1, 2, 3]) | beam.ParDo(Counts())
    found = {c.key.metric.name: c.committed for c in pipeline.result.metrics().query()["counters"]}
    assert (found["seen"], found["native"]) == (6, 6)


def test_the_logger_is_pluggable_by_its_class():
    assert MetricsLoggerClient(config("logger: true")).unmarshal(BaseMetric("a")) != ""


def test_a_metric_inside_what_is_pickled_tells_the_relays_of_where_it_arrives():
    there, here = Forward(), Forward()
    metrics = MetricsRegistry("pickled", [there])
    made = metrics.counter("seen", transform="T"), metrics.gauge("depth"), metrics.timer("took", timer_unit="ms")
    pickled = pickle.dumps(made)
    MetricsRegistry("pickled", [here])  # as the other process has it
    counter, gauge, timer = pickle.loads(pickled)
    counter.inc(2)
    gauge.set(3)
    timer.update(4_000_000)
    assert there.told == []
    assert [(one.kind, one.name, one.transform, one.value) for one in here.told] == [
        ("counter", "seen", "T", 2), ("gauge", "depth", None, 3), ("timer", "took", None, 4),
    ]  # fmt: skip
