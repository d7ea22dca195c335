from __future__ import annotations

import pytest

from klio_exec.profile.table import memory_text, share_text, table, time_text


def test_the_first_column_stands_left_and_the_others_right():
    said = table(("", "calls", "wall"), [("Load", "20", "1.13 s"), ("Mix: setup", "1", "54 ms")])

    assert said == "            calls    wall\nLoad           20  1.13 s\nMix: setup      1   54 ms"


def test_a_row_may_be_shorter_than_the_header():
    assert table(("", "a", "b"), [("x", "1"), ("y", "1", "2")]) == "   a  b\nx  1\ny  1  2"


@pytest.mark.parametrize(
    ("ns", "said"),
    [(0, "0 ns"), (999, "999 ns"), (1500, "1.50 µs"), (12_345_678, "12.3 ms"), (1.13e9, "1.13 s"), (123.4e9, "123 s")],
)
def test_a_time_has_three_digits_and_a_unit_that_fits(ns, said):
    assert time_text(ns) == said


def test_sizes_and_shares():
    assert [memory_text(size) for size in (56, 1_500_000, 261_400_000)] == ["0.1 kB", "1.5 MB", "261 MB"]
    assert (share_text(1, 3), share_text(0, 0)) == ("33 %", "")
