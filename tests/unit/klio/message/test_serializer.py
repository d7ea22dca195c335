import pytest
from apache_beam.pvalue import TaggedOutput

from klio.message import exceptions, serializer
from klio_core.config import parse
from klio_core.message import Message
from klio_core.proto import klio_pb2
from klio_core.proto.v1beta1 import klio_pb2 as older


def config(allowed):
    return parse(f"job_name: mixer\njob_config: {{allow_non_klio_messages: {allowed}}}\n")


def test_a_message_comes_with_its_version_and_its_element():
    old = klio_pb2.KlioMessage()
    old.data.entity_id = "a"
    read = serializer.to_klio_message(old.SerializeToString())
    assert (read.version, read.data.element) == (klio_pb2.V1, b"a")
    assert serializer.to_klio_message(Message.of(b"b").encode()).data.element == b"b"


def test_plain_bytes_are_an_element_where_the_job_allows_it():
    assert serializer.to_klio_message(b"track-1", config("true")).data.element == b"track-1"
    with pytest.raises(exceptions.KlioMessageException):
        serializer.to_klio_message(b"track-1", config("false"))


def test_a_payload_is_what_a_transform_may_yield():
    message = serializer.to_klio_message(Message.of(b"a", payload=b"old").encode())
    assert [
        Message.decode(serializer.from_klio_message(message, payload)).payload
        for payload in (None, message.data, b"new", "text")
    ] == [b"", b"", b"new", b"text"]
    tagged = serializer.from_klio_message(message, TaggedOutput("side", b"new"))
    assert (tagged.tag, Message.decode(tagged.value).payload) == ("side", b"new")
    with pytest.raises(exceptions.KlioMessagePayloadException):
        serializer.from_klio_message(message, 1)


def test_the_older_path_has_the_same_messages():
    assert older.KlioMessage is klio_pb2.KlioMessage
