from __future__ import annotations

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from klio.metrics.counts import WORK, count, count_verdict
from klio_core.decision import OUTPUT_EXISTS, PROCESS
from klio_exec.runners.tally import Tally


def test_a_tally_adds_up_what_beam_reports():
    def counted(number: int) -> int:
        count("read")
        count_verdict(PROCESS if number else OUTPUT_EXISTS)
        WORK.update(number * 1_000_000)
        return number

    pipeline = beam.Pipeline(runner=FnApiRunner())
    pipeline | beam.Create([0, 1, 2]) | beam.Map(counted)
    infos = list(pipeline.run().monitoring_infos())
    tally = Tally()
    tally.add(infos)
    tally.add(infos)

    assert tally.counts == {"read": 6, "verdict/process/": 4, "verdict/pass on/output exists": 2}
    assert (tally.worked, tally.work_ns, tally.slowest_ns) == (6, 6_000_000, 2_000_000)


def test_counts_of_others_are_left_out():
    pipeline = beam.Pipeline(runner=FnApiRunner())
    pipeline | beam.Create([1]) | beam.Map(lambda n: beam.metrics.Metrics.counter("theirs", "read").inc())
    tally = Tally()
    tally.add(pipeline.run().monitoring_infos())

    assert tally.counts == {}
