"""What the gate did not find is known to the work that follows: once, and only the newest word."""

from klio.data.absent import _REMEMBERED, Absent, absent_in


def test_what_was_noted_is_taken_once():
    absent = Absent()
    absent.note(b"a", ["out/a"])

    assert list(absent.take(b"a")) == ["out/a"]
    assert list(absent.take(b"a")) == []


def test_the_newest_note_counts_and_an_empty_one_takes_back():
    absent = Absent()
    absent.note(b"a", ["out/a"])
    absent.note(b"a", ["out/a.wav"])
    absent.note(b"b", ["out/b"])
    absent.note(b"b", [])

    assert list(absent.take(b"a")) == ["out/a.wav"]
    assert list(absent.take(b"b")) == []


def test_what_nobody_takes_is_forgotten_in_the_end():
    absent = Absent()
    for number in range(_REMEMBERED + 10):
        absent.note(b"%d" % number, ["out"])

    assert [list(absent.take(b"%d" % number)) for number in (9, 10)] == [[], ["out"]]


def test_runs_know_nothing_of_each_other():
    absent_in("one").note(b"a", ["out/a"])

    assert list(absent_in("other").take(b"a")) == []
    assert list(absent_in("one").take(b"a")) == ["out/a"]
