"""A file in base64 inside a JSON object, in pieces of any size."""

from __future__ import annotations

import base64
import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.problems import Problem
from web.upload.in_json import FileInJson


def read(text: bytes, cuts: list[int] | None = None) -> tuple[bytes, dict[str, Any]]:
    """What comes of an object that arrives in pieces, cut at these places."""
    parser = FileInJson("mp3")
    borders = [0, *sorted(cut % (len(text) + 1) for cut in cuts or []), len(text)]
    pieces = [text[start:end] for start, end in pairwise(borders)]
    return b"".join(map(parser.feed, pieces)), parser.end()


def refused(text: bytes) -> str:
    with pytest.raises(Problem) as error:
        read(text)
    return f"{error.value.status} {error.value.kind}: {error.value.detail}"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(
    st.binary(max_size=300),
    st.dictionaries(st.text().filter(lambda key: key != "mp3"), json_values, max_size=3),
    st.lists(st.integers(min_value=0), max_size=8),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_the_file_and_the_rest_come_out_as_they_were_however_they_were_cut(content, rest, cuts, first, indent):
    file = {"mp3": encoded(content)}
    whole = file | rest if first else rest | file
    text = json.dumps(whole, ensure_ascii=bool(len(cuts) % 2), indent=indent).encode("utf-8", "surrogatepass")
    try:
        json.dumps(rest, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        assert "400 broken-json" in refused(text)
    else:
        assert read(text, cuts) == (content, rest)


CONTENT = random.Random(5).randbytes(999)


@pytest.mark.parametrize(
    "text",
    [
        encoded(CONTENT).replace("/", "\\/"),
        encoded(CONTENT).replace("+", "\\u002b").replace("=", "\\u003D"),
        encoded(CONTENT).replace("+", "-").replace("/", "_"),
        base64.encodebytes(CONTENT).decode().replace("\n", "\\n"),
        base64.encodebytes(CONTENT).decode(),
    ],
    ids=["PHP's", ".NET's", "URL-safe", "lines", "bare lines"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 5000])
def test_base64_is_read_as_different_programs_write_it(text: str, size: int):
    whole = b'{"mp3": "%b", "model": "x"}' % text.encode()
    assert read(whole, list(range(0, len(whole), size))) == (CONTENT, {"model": "x"})


def test_the_key_may_be_written_with_escapes_too():
    assert read(rb'{"\u006dp3":"QUJD"}') == (b"ABC", {})


def test_what_has_the_name_of_the_file_elsewhere_is_no_file():
    text = b'{"callback": {"url": "u", "data": {"mp3": "a.mp3"}}, "x": ["mp3", "y"], "mp3": "QUJD"}'
    rest = {"callback": {"url": "u", "data": {"mp3": "a.mp3"}}, "x": ["mp3", "y"]}
    assert read(text) == (b"ABC", rest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "400 broken-json"),
        (b"null", "400 broken-json: Expected a JSON object, got a JSON NoneType"),
        (b"[]", "400 broken-json: Expected a JSON object, got a JSON list"),
        (b'["mp3", "QUJD"]', "400 broken-json"),
        (b'{"mp3": "QUJD"', "400 broken-json"),
        (b'{"mp3": "QUJD', "400 broken-json"),
        (b'{"mp3": "QUJD"}}', "400 broken-json"),
        (b'{"mp3" "QUJD"}', "400 broken-json"),
        (b'{mp3: "QUJD"}', "400 broken-json"),
        (b'{"mp3": "QUJD", "mp3": "QUJD"}', "400 broken-json: Expected a JSON object, got mp3 twice"),
        (b'{"mp3": "QUJD", "x": NaN}', "400 broken-json: Expected a JSON object, got NaN is no JSON"),
        (b'{"mp3": "QUJD", "x": 1e999}', "400 broken-json"),
        (rb'{"mp3": "QUJD", "x": "\ud800"}', "400 broken-json"),
        (b'{"mp3": "QUJD", "x": "\xff"}', "400 broken-json"),
        (b'{"mp3": "QUJD", "x": %b}' % (b"9" * 5000), "400 broken-json"),
        (b'{"mp3": "QUJD", "x": ' + b"[" * 40, "400 broken-json: Expected a JSON object, got more than 32"),
        (b"[" * 100_000, "400 broken-json: Expected a JSON object, got more than 32"),
        (b'{"mp3": "QUJD", "x": "' + b"x" * 70_000, "413 field-too-large"),
        (b" " * 70_000, "413 field-too-large"),
        (b"{}", '400 no-file: Expected {"mp3": "…"} with the file in base64, got an empty object.'),
        (b'{"song": "QUJD"}', "400 no-file"),
        (b'{"mp3": null}', "400 no-file"),
        (b'{"mp3": ["QUJD"]}', "400 no-file"),
        (b'{"mp3": {"mp3": "QUJD"}}', "400 no-file"),
        (b'{"mp3": "QUJ"}', "400 not-base64"),
        (b'{"mp3": "QUJDA"}', "400 not-base64"),
        (b'{"mp3": "QQ==QUJD"}', "400 not-base64"),
        (b'{"mp3": "====" }', "400 not-base64"),
        (b'{"mp3": "data:audio/mpeg;base64,QUJD"}', "400 not-base64"),
        (b'{"mp3": "\xc3\xa9\xc3\xa9"}', "400 not-base64"),
        (rb'{"mp3": "\u00e9\u00e9\u00e9\u00e9"}', "400 not-base64"),
        (rb'{"mp3": "QUJD\"}', "400 not-base64"),
        (rb'{"mp3": "QUJD\x"}', "400 not-base64"),
    ],
)
def test_what_is_no_such_object_is_refused_and_told_why(text: bytes, expected: str):
    assert refused(text).startswith(expected)


def test_padding_in_the_middle_is_found_in_whatever_pieces_it_comes():
    parser = FileInJson("mp3")
    parser.feed(b'{"mp3": "QQ==')
    with pytest.raises(Problem, match="cannot be read"):
        parser.feed(b'QUJDQUJD"}')


def test_an_empty_file_is_a_file():
    assert read(b'{"mp3": ""}') == (b"", {})
