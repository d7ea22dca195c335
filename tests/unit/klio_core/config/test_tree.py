import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klio_core.config import InvalidConfig
from klio_core.config.tree import tree_of
from klio_core.config.values import Values

scalars = (
    st.none() | st.booleans() | st.integers(-(10**200), 10**200) | st.floats(allow_nan=False) | st.text(max_size=9)
)
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


@given(st.dictionaries(st.text(max_size=5) | st.integers() | st.booleans(), data, max_size=4))
def test_data_becomes_a_tree_of_the_same_values(given_data: dict[Any, Any]) -> None:
    assert Values.of(tree_of(given_data, "x")).data == given_data


def test_not_a_number_stays_so() -> None:
    value = Values.of(tree_of({"a": math.nan}, "x")).data
    assert math.isnan(value["a"])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"a": dt.date(2026, 1, 31)}, "YAML has no word for this"),
        ({"a": [b"x"]}, "got: bytes: b'x'"),
        ({(1, 2): 3}, "YAML has no word for this"),
        ([1], "not a mapping"),
    ],
)
def test_what_yaml_cannot_say_is_told(wrong: object, told: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        tree_of(wrong, "x")
    assert told in str(caught.value)


def test_data_that_contains_itself_is_nested_too_deep() -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(InvalidConfig, match="nested too deep"):
        tree_of(endless, "x")
