"""What a worker tells its supervisor while it runs, so that what it has counted outlives it."""

from __future__ import annotations

import apache_beam as beam

from klio.metrics.counts import READ
from klio.transforms import decorators

from .conftest import NewJob
from .kit import eventually
from .runs import Here

counted: list[Here] = []
told: list[int] = []
untold: list[bytes] = []


class Begins(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if told[-1] != counted[0].tally.counts[READ]:
            untold.append(data.element)
        yield data


def test_what_is_done_has_been_told_before_other_work_begins(new_job: NewJob):
    job = new_job()
    elements = [f"e{number}" for number in range(20)]

    with job.thread(
        lambda events, config: events | beam.ParDo(Begins()), tell=lambda report: told.append(report.tally.counts[READ])
    ) as here:
        counted.append(here)
        job.publish(*(f"quick{number}" for number in range(20)))  # the pace is then for many at a time
        job.publish(*elements, *elements, *elements)  # what comes twice in a batch is worked on after it
        eventually(lambda: here.tally.counts[READ] == 80)
        eventually(lambda: told[-1] == 80)

    assert untold == []
