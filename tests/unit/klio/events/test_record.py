"""A record as an element."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

import pytest

from klio.events.record import element_of, json_of
from klio_core.errors import EventError


def test_text_and_bytes_are_elements_as_they_are():
    assert element_of({"name": "ü"}, "name") == "ü".encode()
    assert element_of({"name": b"\xff"}, "name") == b"\xff"


@pytest.mark.parametrize("value", [None, 7, 1.5, True, ["a"], {"a": 1}], ids=repr)
def test_nothing_else_is(value: Any):
    with pytest.raises(EventError) as raised:
        element_of({"name": value}, "name")

    assert raised.value.got == f"{type(value).__name__}: {value!r}"


def test_a_whole_record_is_json_whatever_it_holds():
    record = {
        "text": "ü",
        "none": None,
        "list": [1, {"a": True}],
        "bytes": b"\x00\xff",
        "day": dt.date(2026, 11, 20),
        "price": decimal.Decimal("1.10"),
    }

    assert json.loads(json_of(record)) == record | {"bytes": "AP8=", "day": "2026-11-20", "price": "1.10"}
