from __future__ import annotations

import pytest
from grpc import StatusCode

from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.limits import check_publish
from klio_exec.local.pubsub.wire import pb

TOPIC = "projects/my-project/topics/abc"


def request(*messages: dict[str, object]) -> pb.PublishRequest:
    return pb.PublishRequest(topic=TOPIC, messages=[pb.PubsubMessage(**each) for each in messages])


FITS = {
    "data only": [{"data": b"x"}],
    "attributes only": [{"attributes": {"key": ""}}],
    "1000 messages": [{"data": b"x"}] * 1_000,
    "100 attributes": [{"attributes": {f"key-{n}": "" for n in range(100)}}],
    "a key of 256 bytes": [{"attributes": {"k" * 256: ""}}],
    "a value of 1024 bytes": [{"attributes": {"k": "v" * 1024}}],
    "an ordering key of 1024 bytes": [{"data": b"x", "ordering_key": "k" * 1024}],
    "10 MB with everything": [{"data": b"x" * (10_000_000 - 100)}],
}

TOO_MUCH = {
    "no message": ([], "You passed 0"),
    "1001 messages": ([{"data": b"x"}] * 1_001, "message_count is too large. You passed 1001"),
    "an empty message": ([{"data": b"x"}, {}], "is empty"),
    "a message with nothing but an ordering key": ([{"ordering_key": "k"}], "is empty"),
    "101 attributes": ([{"attributes": {f"key-{n}": "" for n in range(101)}}], "You passed 101"),
    "an empty attribute key": ([{"attributes": {"": "v"}}], "must not be empty"),
    "a reserved attribute key": ([{"attributes": {"googclient_id": "v"}}], 'must not start with "goog"'),
    "a key of 257 bytes": ([{"attributes": {"ü" * 128 + "k": "v"}}], "longer than 256 bytes"),
    "a value of 1025 bytes": ([{"attributes": {"k": "v" * 1025}}], "k is longer than 1024 bytes"),
    "an ordering key of 1025 bytes": ([{"data": b"x", "ordering_key": "k" * 1025}], "longer than 1024 bytes"),
    "10 MB of data": ([{"data": b"x" * 10_000_000}], "request_size is too large"),
    "10 MB together": ([{"data": b"x" * 6_000_000}, {"data": b"x" * 6_000_000}], "maximum value is 10000000"),
}


@pytest.mark.parametrize("messages", FITS.values(), ids=FITS.keys())
def test_what_is_within_the_bounds_is_taken(messages: list[dict[str, object]]) -> None:
    check_publish(request(*messages))


@pytest.mark.parametrize(("messages", "said"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_is_out_of_bounds_is_refused(messages: list[dict[str, object]], said: str) -> None:
    with pytest.raises(Refused) as refused:
        check_publish(request(*messages))
    assert refused.value.code is StatusCode.INVALID_ARGUMENT
    assert said in str(refused.value)
