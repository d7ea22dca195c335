import math
import pickle

import pytest

from klio_core.config.scalars import WrittenFloat, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("0", 0),
        ("5", 5),
        ("-17", -17),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1e-3", 0.001),
        ("2.", 2.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
    ],
)
def test_plain_words_mean_what_everybody_expects(text: str, value: object) -> None:
    resolved = resolve(text)
    assert resolved == value
    assert type(resolved) is type(value) or isinstance(resolved, WrittenFloat)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "on",
        "off",
        "Yes",
        "NO",
        "y",
        "n",
        "012",
        "0o17",
        "0x1F",
        "1_000",
        "1:30",
        "2026-01-31",
        "+5",
        "1.2.3",
        "01.5",
        ".",
        "-",
        "e5",
        "12e4567",
        "nan",
        "tRue",
    ],
)
def test_yaml_1_1_surprises_are_text(text: str) -> None:
    assert resolve(text) == text


def test_not_a_number_is_read() -> None:
    value = resolve(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_a_number_remembers_how_it_was_written() -> None:
    number = resolve("1.10")
    assert isinstance(number, WrittenFloat)
    assert (number, number.written) == (1.1, "1.10")
    assert pickle.loads(pickle.dumps(number)).written == "1.10"


def test_numbers_of_thousands_of_digits_stay_text() -> None:
    assert resolve("9" * 5000) == "9" * 5000
