import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from klio.metrics import Counter, Timer
from klio.metrics.base import AbstractRelayClient, BaseMetric
from klio.metrics.cells import Cells


class Heard(AbstractRelayClient):
    RELAY_CLIENT_NAME = "heard"

    def __init__(self):
        super().__init__(None)
        self.heard = []

    def unmarshal(self, metric):
        return metric

    def emit(self, metric):
        self.heard.append((metric.name, metric.value))

    def counter(self, name, value=0, transform=None, **kwargs):
        return BaseMetric(name, value, transform)

    gauge = timer = counter


class Counting(beam.DoFn):
    """Updates a counter and a timer by their cells, in a thread of Beam's."""

    cells = Cells(Counter("bench", "elements"), Timer("bench", "took", timer_unit="us"))

    def process(self, number):
        counter, timer = self.cells.here()
        counter.update(1)
        timer.update(number)
        yield number


def counted(pipeline):
    found = pipeline.run().metrics().query()
    counters = {one.key.metric.name: one.committed for one in found["counters"]}
    times = {one.key.metric.name: (one.committed.count, one.committed.sum) for one in found["distributions"]}
    return counters, times


def test_what_is_told_to_cells_is_in_beams_metrics():
    for numbers in ([1, 2, 3], [10] * 100):  # another run has other bundles
        pipeline = beam.Pipeline(runner=FnApiRunner())
        pipeline | beam.Create(numbers) | beam.Reshuffle() | beam.ParDo(Counting())
        counters, times = counted(pipeline)
        assert (counters["elements"], times["took"]) == (len(numbers), (len(numbers), sum(numbers)))


def test_two_steps_of_one_bundle_count_for_themselves():
    pipeline = beam.Pipeline(runner=FnApiRunner())
    once = pipeline | beam.Create([1, 2]) | "first" >> beam.ParDo(Counting())
    once | beam.FlatMap(lambda number: [number, number]) | "second" >> beam.ParDo(Counting())
    found = pipeline.run().metrics().query()["counters"]
    assert {one.key.step: one.committed for one in found} == {"first": 2, "second": 4}


def test_outside_of_beam_nobody_counts_and_nothing_breaks():
    (cell,) = Cells(Counter("bench", "elements")).here()
    cell.update(1)


def test_relays_are_told_of_each_update_of_a_cell():
    relay = Heard()
    (cell,) = Cells(Counter("bench", "elements", [relay])).here()
    cell.update(2)
    cell.update(3)
    assert relay.heard == [("elements", 2), ("elements", 3)]
