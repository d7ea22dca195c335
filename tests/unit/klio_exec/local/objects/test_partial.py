import pytest

from klio_exec.local.objects.partial import partial

LISTED = {"kind": "k", "items": [{"name": "a", "size": "1", "etag": "x"}, {"name": "b"}], "nextPageToken": "t"}


@pytest.mark.parametrize(
    ("fields", "answered"),
    [
        ("kind", {"kind": "k"}),
        ("kind,nextPageToken,prefixes", {"kind": "k", "nextPageToken": "t"}),
        ("items(name,size)", {"items": [{"name": "a", "size": "1"}, {"name": "b"}]}),
        ("items(name),nextPageToken", {"items": [{"name": "a"}, {"name": "b"}], "nextPageToken": "t"}),
        ("items", {"items": LISTED["items"]}),
    ],
)
def test_the_fields_that_are_named_are_answered(fields: str, answered: dict[str, object]):
    assert partial(LISTED, fields) == answered


@pytest.mark.parametrize("fields", ["", "*", "items/name", "items(owner/entity)"])
def test_of_what_is_said_otherwise_all_is_answered(fields: str):
    assert partial(LISTED, fields) == LISTED
