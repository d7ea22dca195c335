import os.path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from klio.data.locate import MAX_ELEMENT_BYTES, path_of, split_element
from klio_core.errors import BadElement

LOCATIONS = ["gs://bucket", "gs://bucket/dir/", "/data", "/data/", "/", "relative/dir", "memory://name"]

WICKED = st.lists(
    st.sampled_from(["..", ".", "/", "\\", "\0", "\n", "\u202e", "gs://", "~", "%2e%2e", "%2f", " ", "a", "ü", "//"]),
    max_size=12,
).map(lambda pieces: "".join(pieces).encode())


@pytest.mark.parametrize(
    ("location", "element", "suffix", "path"),
    [
        ("gs://bucket/dir", b"track", ".ogg", "gs://bucket/dir/track.ogg"),
        ("gs://bucket/dir/", b"track", ".ogg", "gs://bucket/dir/track.ogg"),
        ("gs://bucket", b"artist/track", "", "gs://bucket/artist/track"),
        ("/", b"track", "-mix.wav", "/track-mix.wav"),
        ("relative", "日本 語".encode(), "ogg", "relative/日本 語ogg"),
        ("memory://m", b"a..b/...c/d.", ".x", "memory://m/a..b/...c/d..x"),
        ("/data", b"x" * MAX_ELEMENT_BYTES, "", "/data/" + "x" * MAX_ELEMENT_BYTES),
        ("/data", b"C:\\track", "", "/data/C:\\track"),
    ],
)
def test_the_path_is_location_element_and_the_suffix_as_it_is(location, element, suffix, path):
    assert path_of(location, element, suffix) == path


@pytest.mark.parametrize(
    ("element", "fault"),
    [
        (b"", "is empty"),
        (b"x" * (MAX_ELEMENT_BYTES + 1), "has 1025 bytes, more than 1024"),
        (b"caf\xe9", "is not UTF-8 at byte 3"),
        (b"a\xed\xa0\x80", "is not UTF-8 at byte 1"),
        (b"a\0b", "holds the character U+0000 at 1"),
        (b"a\nb", "holds the character U+000A at 1"),
        (b"tab\t", "holds the character U+0009 at 3"),
        (b"\x7f", "holds the character U+007F at 0"),
        ("a\u0085".encode(), "holds the character U+0085 at 1"),
        ("a\u2028b".encode(), "holds the character U+2028 at 1"),
        ("gpj.\u202eexe".encode(), "holds the character U+202E at 4"),
        ("\u2067x".encode(), "holds the character U+2067 at 0"),
        (b"gs://other/x", "names a scheme, so it is a location of its own"),
        (b"file:///etc/passwd", "names a scheme, so it is a location of its own"),
        (b"/etc/passwd", 'begins with "/"'),
        (b"..", 'holds ".." where a name should stand between slashes'),
        (b"../../etc/passwd", 'holds ".." where a name should stand between slashes'),
        (b"a/../../b", 'holds ".." where a name should stand between slashes'),
        (b".", 'holds "." where a name should stand between slashes'),
        (b"a/./b", 'holds "." where a name should stand between slashes'),
        (b"a//b", 'holds "" where a name should stand between slashes'),
        (b"a/", 'holds "" where a name should stand between slashes'),
    ],
)
def test_a_bad_element_is_refused_with_its_fault(element, fault):
    with pytest.raises(BadElement) as refusal:
        path_of("/data", element)

    assert refusal.value.what == f"the element {fault}"
    assert refusal.value.reason == "bad-element"


def test_the_error_shows_a_long_element_in_short():
    with pytest.raises(BadElement) as refusal:
        path_of("/data", b"x" * 100_000)

    assert len(str(refusal.value)) < 400


@given(
    element=st.binary(max_size=40) | WICKED | st.text(max_size=30).map(str.encode), location=st.sampled_from(LOCATIONS)
)
@example(element=b"..", location="/data")
@example(element=b"a/..", location="/data")
@example(element=b"..\\..", location="gs://bucket")
def test_no_element_yields_a_path_outside_the_location(element: bytes, location: str):
    try:
        path = path_of(location, element, ".ogg")
    except BadElement:
        return
    below = location.rstrip("/") + "/"
    assert path.startswith(below)
    assert path == below + element.decode() + ".ogg"
    plain = path.replace("://", "/")  # the file system's own reading of the path is the letter of it
    assert os.path.normpath(plain) == plain
    assert path.isprintable() or not any(ord(character) < 32 for character in path)


@given(st.text(alphabet="abc/.-_ ü", min_size=1, max_size=20), st.text(alphabet="abc/.-_ ü", min_size=1, max_size=20))
def test_two_elements_never_share_a_path(one: str, other: str):
    paths = set()
    for element in {one, other}:
        try:
            paths.add(os.path.normpath(path_of("/data", element.encode())))
        except BadElement:
            paths.add(f"refused: {element!r}")
    assert len(paths) == len({one, other})


@pytest.mark.parametrize(
    ("element", "separator", "names"),
    [
        (b"a,b", ",", (b"a", b"b")),
        (b"a,b", None, (b"a,b",)),
        (b"a,b", "", (b"a,b",)),
        (b"a", ",", (b"a",)),
        (b"a,,b", ",", (b"a", b"", b"b")),
        (b"a,a", ",", (b"a", b"a")),
        ("a→b".encode(), "→", (b"a", b"b")),
        (b"", ",", (b"",)),
    ],
)
def test_an_element_is_split_at_the_separator_and_nowhere_else(element, separator, names):
    assert split_element(element, separator) == names
