from __future__ import annotations

import pytest
from grpc import StatusCode

from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.filters import parse

PASSES = [
    # filter, passes, does not pass
    ("", [{}, {"a": "b"}], []),
    ("attributes:lang", [{"lang": "en"}, {"lang": ""}], [{}, {"language": "en"}, {"Lang": "en"}]),
    ('attributes.lang = "en"', [{"lang": "en"}], [{}, {"lang": "EN"}, {"lang": "en-GB"}, {"x": "en"}]),
    ('attributes.lang="en"', [{"lang": "en"}], [{"lang": "de"}]),
    ('attributes.lang != "en"', [{}, {"lang": "de"}], [{"lang": "en"}]),
    ('hasPrefix(attributes.lang, "en")', [{"lang": "en"}, {"lang": "en-GB"}], [{}, {"lang": "fen"}, {"lang": "e"}]),
    ('hasPrefix(attributes.lang, "")', [{"lang": ""}, {"lang": "en"}], [{}]),
    ("NOT attributes:lang", [{}], [{"lang": "en"}]),
    ("-attributes:lang", [{}], [{"lang": "en"}]),
    ("NOT NOT attributes:lang", [{"lang": "en"}], [{}]),
    ("attributes:a AND attributes:b", [{"a": "", "b": ""}], [{"a": ""}, {"b": ""}, {}]),
    ("attributes:a OR attributes:b", [{"a": ""}, {"b": ""}], [{}]),
    ("attributes:a OR attributes:b OR attributes:c", [{"c": ""}], [{"d": ""}]),
    ("attributes:a AND NOT attributes:b", [{"a": ""}], [{"a": "", "b": ""}, {}]),
    ("NOT attributes:a AND attributes:b", [{"b": ""}], [{"a": "", "b": ""}, {}]),
    ("NOT (attributes:a AND attributes:b)", [{"b": ""}, {}], [{"a": "", "b": ""}]),
    ("(attributes:a OR attributes:b) AND attributes:c", [{"a": "", "c": ""}], [{"a": ""}, {"c": ""}]),
    ("attributes:a AND (attributes:b OR attributes:c)", [{"a": "", "c": ""}], [{"a": ""}, {"c": ""}]),
    ('attributes:"iana.org/language tag"', [{"iana.org/language tag": "en"}], [{"iana": ""}]),
    ('attributes."a b" = "c"', [{"a b": "c"}], [{"a b": "d"}]),
    ("attributes:a-b_1", [{"a-b_1": ""}], [{"a": ""}]),
    (r'attributes.q = "say \"hi\"\n\x41\u00e9"', [{"q": 'say "hi"\nAé'}], [{"q": "say hi"}]),
    ('attributes.q = "ü"', [{"q": "ü"}], [{"q": "u"}]),
    ("  attributes : a  ", [{"a": ""}], [{}]),
    ("attributes:AND AND attributes:NOT", [{"AND": "", "NOT": ""}], [{"AND": ""}]),
]


@pytest.mark.parametrize(("text", "passing", "failing"), PASSES, ids=[case[0] or "empty" for case in PASSES])
def test_a_filter_passes_exactly_what_it_says(
    text: str, passing: list[dict[str, str]], failing: list[dict[str, str]]
) -> None:
    matches = parse(text)
    assert [attributes for attributes in passing if not matches(attributes)] == []
    assert [attributes for attributes in failing if matches(attributes)] == []


MALFORMED = [
    # filter, where it goes wrong (counted from 1), what is said
    ("attributes", 11, 'expected "."'),
    ("attributes:", 12, "expected a key"),
    ("attributes.lang", 16, 'expected "="'),
    ("attributes.lang =", 18, "expected a string in double quotes"),
    ("attributes.lang = en", 19, "found en"),
    ("attributes.lang = 'en'", 19, "an unknown character"),
    ('attributes.lang > "en"', 17, "an unknown character"),
    ('attributes.lang = "en', 19, "an unknown character"),
    (r'attributes.lang = "\x"', 19, "wrong escape"),
    ('lang = "en"', 1, 'expected "attributes"'),
    ('data = "x"', 1, 'expected "attributes"'),
    ("attributes:a AND", 17, "found the end"),
    ("attributes:a and attributes:b", 14, "expected AND, OR or the end"),
    ("attributes:a attributes:b", 14, "expected AND, OR or the end"),
    ("attributes:a OR attributes:b AND attributes:c", 30, "mix only through parentheses"),
    ("(attributes:a", 14, 'expected ")"'),
    ("attributes:a)", 13, "found )"),
    ("()", 2, "found )"),
    ('hasSuffix(attributes.a, "b")', 1, 'expected "attributes"'),
    ('hasPrefix(attributes:a, "b")', 21, 'expected "."'),
    ('hasPrefix(attributes.a "b")', 24, 'expected ","'),
    ("NOT", 4, "found the end"),
    ('attributes.a = "\x00" ; DROP', 20, "an unknown character"),
]


@pytest.mark.parametrize(("text", "place", "said"), MALFORMED, ids=[case[0] for case in MALFORMED])
def test_a_malformed_filter_is_refused_with_the_place_and_what_was_expected(text: str, place: int, said: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.code is StatusCode.INVALID_ARGUMENT
    assert f"at character {place} of" in str(refused.value)
    assert said in str(refused.value)


def test_a_filter_of_256_bytes_is_taken_and_one_of_257_refused() -> None:
    longest = f'attributes.a = "{"x" * 239}"'
    assert len(longest) == 256
    assert parse(longest)({"a": "x" * 239})
    with pytest.raises(Refused, match="longer than 256 bytes"):
        parse(longest + " ")


def test_deeply_nested_parentheses_are_no_way_to_crash_the_server() -> None:
    nested = "(" * 122 + "attributes:a" + ")" * 122
    assert parse(nested)({"a": ""})
