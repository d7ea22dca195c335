"""Every kind of transform that Beam knows goes on working while it is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.job.profile.conftest import Profile, column

RUN = """\
import apache_beam as beam
from apache_beam.coders import VarIntCoder
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec
from apache_beam.transforms.window import GlobalWindows
from klio.transforms import decorators


@decorators.handle_klio
def handled(ctx, data):
    return data


class Counts(beam.DoFn):
    SO_FAR = ReadModifyWriteStateSpec("so_far", VarIntCoder())

    def process(self, pair, so_far=beam.DoFn.StateParam(SO_FAR), when=beam.DoFn.TimestampParam):
        so_far.write((so_far.read() or 0) + 1)
        yield pair[1]


class Gathers(beam.DoFn):
    def start_bundle(self):
        self.waiting = []

    def process(self, raw, how_many):
        self.waiting.append(raw)
        assert how_many == 2

    def finish_bundle(self):
        for raw in self.waiting:
            yield GlobalWindows.windowed_value(raw)


def run(in_pcol, config):
    how_many = in_pcol | "How many" >> beam.combiners.Count.Globally()
    pairs = in_pcol | "Function" >> beam.Map(handled) | "Pair" >> beam.Map(lambda raw: (b"key", raw))
    counted = pairs | "State" >> beam.ParDo(Counts()) | beam.Reshuffle()
    gathered = counted | "Bundles" >> beam.ParDo(Gathers(), beam.pvalue.AsSingleton(how_many))
    return gathered | "Flat" >> beam.FlatMap(lambda raw: [raw])
"""


@pytest.mark.slow
def test_functions_state_side_inputs_and_bundles(profile: Profile, mix: Path):
    (mix / "run.py").write_text(RUN)

    done = profile("timeit", "-n", "1", "a", "b")

    assert done.returncode == 0, done.stderr
    assert column(done.stdout, "calls") == {
        "Function": "2",
        "Pair": "2",
        "State": "2",
        "Bundles: start_bundle": "1",
        "Bundles": "2",
        "Bundles: finish_bundle": "1",
        "Flat": "2",
    }
    assert "processed          2" in done.stderr
