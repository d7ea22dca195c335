from __future__ import annotations

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from klio.metrics.counts import count_dead_letter
from klio_core.decision import INPUT_MISSING, NOT_ADDRESSED, OUTPUT_EXISTS, PING, PROCESS
from klio_exec.runners.tally import Tally
from klio_exec.summary import Summary


def test_every_message_that_was_read_is_in_one_line():
    tally = Tally()
    for verdict, number in [(PROCESS, 10), (PING, 2), (OUTPUT_EXISTS, 3), (INPUT_MISSING, 4), (NOT_ADDRESSED, 1)]:
        tally.counts[f"verdict/{verdict.action}/{verdict.reason}"] = number
    tally.counts |= {"verdict/dead letter/undecodable": 1, "dead-letter/undecodable": 1, "dead-letter/exception": 2}
    tally.counts |= {"filtered": 1, "verdict/drop/lost-lease": 1, "read": 21, "retried": 5}
    tally.counts["verdict/drop/dropped by run()"] = 2
    tally.worked, tally.work_ns, tally.slowest_ns = 10, 5_000_000_000, 2_000_000_000

    summary = Summary.of("mixer", tally, 12.34)

    assert summary.text("dead/") == (
        "mixer: 12.3 s\n"
        "  read              21\n"
        "  processed          4   0.5 s each, slowest 2 s\n"
        "  passed on          5   output exists 3, ping 2\n"
        "  dropped            9   input missing 4, dropped by run() 2, filtered by the job's code 1, "
        "lost-lease 1, not addressed to us 1\n"
        "  dead letters       3   exception 2, undecodable 1 → dead/\n"
        "  retried            5"
    )
    accounted = summary.processed + summary.passed_on.total() + summary.dropped.total() + summary.dead.total()
    assert accounted == summary.read


def test_nothing_happened():
    assert Summary.of("mixer", Tally(), 0.0).text("dead/") == (
        "mixer: 0.0 s\n"
        "  read               0\n"
        "  processed          0\n"
        "  passed on          0\n"
        "  dropped            0\n"
        "  dead letters       0"
    )


def test_dead_letters_are_counted_by_their_reason():
    def buried(number: int) -> int:
        count_dead_letter("bad-element")
        return number

    pipeline = beam.Pipeline(runner=FnApiRunner())
    pipeline | beam.Create([1, 2]) | beam.Map(buried)
    tally = Tally()
    tally.add(pipeline.run().monitoring_infos())

    assert Summary.of("mixer", tally, 1.0).dead == {"bad-element": 2}
