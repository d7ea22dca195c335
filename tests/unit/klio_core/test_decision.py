import itertools

import pytest

from klio_core.decision import Action, Facts, Found, Look, Verdict, decide

ANY = None
# addressed, ping, force, output, input, parents, spent, answer: the table of decide's docstring, first row that fits.
TABLE = [
    (False, ANY, ANY, ANY, ANY, ANY, ANY, Verdict(Action.DROP, "not addressed to us")),
    (True, True, ANY, ANY, ANY, ANY, ANY, Verdict(Action.PASS_ON, "ping")),
    (True, False, False, Found.UNKNOWN, ANY, ANY, ANY, Look.OUTPUT),
    (True, False, False, Found.YES, ANY, ANY, ANY, Verdict(Action.PASS_ON, "output exists")),
    (True, False, ANY, ANY, Found.UNKNOWN, ANY, ANY, Look.INPUT),
    (True, False, ANY, ANY, Found.NO, True, True, Verdict(Action.DEAD_LETTER, "trigger-loop")),
    (True, False, ANY, ANY, Found.NO, True, False, Verdict(Action.TRIGGER, "input missing")),
    (True, False, ANY, ANY, Found.NO, False, ANY, Verdict(Action.DROP, "input missing")),
    (True, False, ANY, ANY, ANY, ANY, ANY, Verdict(Action.PROCESS)),
]
EVERY = list(itertools.product((True, False), (True, False), (True, False), Found, Found, (True, False), (True, False)))


@pytest.mark.parametrize("facts", EVERY)
def test_every_combination_of_facts_meets_its_row(facts):
    row = next(row for row in TABLE if all(want in (ANY, fact) for want, fact in zip(row[:-1], facts, strict=True)))
    assert decide(Facts(*facts)) == row[-1]


@pytest.mark.parametrize("row", TABLE)
def test_no_row_is_idle(row):
    first = [
        next(r for r in TABLE if all(w in (ANY, f) for w, f in zip(r[:-1], facts, strict=True))) for facts in EVERY
    ]
    assert row in first


def test_the_docstring_holds_the_same_rows():
    rows = [line for line in (decide.__doc__ or "").splitlines() if "│" in line][1:]
    said = [line.split("│")[1].strip() for line in rows]
    assert said == [
        'drop "not addressed to us"',
        'pass on "ping"',
        "look at output",
        'pass on "output exists"',
        "look at input",
        'dead letter "trigger-loop"',
        'trigger parents "input missing"',
        'drop "input missing"',
        "process",
    ]
