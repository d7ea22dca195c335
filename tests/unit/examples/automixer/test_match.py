import numpy as np
import pytest
from beats import LATENCY_S, PER_SECOND, Pulse
from comb import Comb
from match import Match, Mismatch, match_beats


def pulse(tempo_bpm: float) -> Pulse:
    return Pulse(np.ones(2000), Comb(60 / tempo_bpm * PER_SECOND, LATENCY_S * PER_SECOND, 9.0), 0.0)


@pytest.mark.parametrize(
    ("first", "second", "tempo"),
    [
        (120.0, 120.0, 1.0),
        (120.0, 125.0, 0.96),
        (120.0, 115.0, 120 / 115),
        (75.0, 150.0, 1.0),
        (150.0, 75.0, 1.0),
        (90.0, 174.0, 90 / 87),
        (174.0, 90.0, 87 / 90),
    ],
)
def test_tempi_within_8_percent_match_with_octaves_folded(first, second, tempo):
    match = match_beats(pulse(first), pulse(second))
    assert isinstance(match, Match)
    assert match.tempo == pytest.approx(tempo)
    assert match.second.period_s / match.first.period_s == pytest.approx(tempo)


@pytest.mark.parametrize(("first", "second"), [(120.0, 131.0), (120.0, 100.0), (100.0, 150.0), (80.0, 120.0)])
def test_other_tempi_do_not_match_and_the_reason_names_them(first, second):
    mismatch = match_beats(pulse(first), pulse(second))
    reason = f"the tempi differ by more than 8 %, octaves folded: {first:.1f} and {second:.1f} BPM"
    assert mismatch == Mismatch(reason)


@pytest.mark.parametrize(("first", "second"), [(170.0, 172.0), (130.0, 128.0), (70.0, 140.0), (61.0, 122.0)])
def test_beats_are_matched_at_120_per_minute_or_slower(first, second):
    match = match_beats(pulse(first), pulse(second))
    assert min(match.first.period_s, match.second.period_s) >= 0.4999
    assert max(match.first.period_s, match.second.period_s) < 1.05


@pytest.mark.parametrize(
    ("first", "second", "which"),
    [
        (None, 120.0, "the first track"),
        (120.0, None, "the second track"),
        (None, None, "the first and in the second track"),
    ],
)
def test_without_a_beat_there_is_no_match_and_the_reason_says_where(first, second, which):
    mismatch = match_beats(first and pulse(first), second and pulse(second))
    assert mismatch == Mismatch(f"no steady beat was found in {which}")
