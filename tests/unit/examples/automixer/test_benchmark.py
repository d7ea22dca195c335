"""The benchmark's own judgement, on 4 of its 24 pairs, and its judgement of mixes that are wrong."""

import importlib
import sys
from dataclasses import replace

import numpy as np
import pytest


@pytest.fixture(scope="module")
def bench():
    path = list(sys.path)
    module = importlib.import_module("benchmarks.automixer")  # it takes the example's modules from its directory
    sys.path[:] = path
    return module


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 14, 18])  # drums, none in the first, none in the second, too far apart
def test_the_thresholds_hold(bench, tmp_path, number):
    pair = bench.pairs()[number - 1]
    result = bench.measure(pair, tmp_path, duration_s=20.0)
    assert result.problems() == []
    assert result.mix.beats_matched == (number != 18)


def test_the_pairs_are_those_that_were_promised(bench):
    pairs = bench.pairs()
    tempi = [bpm for pair in pairs for bpm in pair.bpm]
    assert len(pairs) == 24
    assert min(tempi) >= 72
    assert max(tempi) <= 178
    assert sum(pair.stretch > 0.08 for pair in pairs) == 4
    assert sum(not all(pair.drums) for pair in pairs) == 10


@pytest.mark.slow
def test_wrong_results_are_told(bench, tmp_path):
    good = bench.measure(bench.pairs()[0], tmp_path, duration_s=16.0)
    wrong = {
        "alignment": replace(good, misses_ms=np.array([0.0, 26.0])),
        "peak": replace(good, peak_dbfs=-0.9),
        "matched": replace(good, mix=replace(good.mix, warning="because")),
        "tempo": replace(good, mix=replace(good.mix, first=replace(good.mix.first, grid=None))),
    }
    assert {name: result.problems() for name, result in wrong.items()} == {name: [name] for name in wrong}
    assert replace(good, misses_ms=np.full(9, 10.5)).problems() == ["alignment"]
