import numpy as np
import pytest

from klio.transforms.yields import outgoing
from klio_core.errors import BadPayload
from klio_core.message import Message

MESSAGE = Message.of(b"a", payload=b"before")


@pytest.mark.parametrize("value", [None, b"", "", 0, False, {}, [], np.zeros(1)])
def test_an_empty_value_clears_the_payload(value):
    assert outgoing(MESSAGE, MESSAGE.author_data(), value).payload == b""


def test_the_data_itself_clears_the_payload():
    data = MESSAGE.author_data()
    assert outgoing(MESSAGE, data, data).payload == b""


@pytest.mark.parametrize(("value", "payload"), [(b"bytes", b"bytes"), ("téxt", "téxt".encode())])
def test_bytes_and_text_are_the_payload(value, payload):
    assert outgoing(MESSAGE, MESSAGE.author_data(), value).payload == payload


def test_the_payload_that_came_is_kept_when_it_is_yielded():
    data = MESSAGE.author_data()
    assert outgoing(MESSAGE, data, data.payload).payload == b"before"


def test_a_changed_element_renames_the_message():
    data = MESSAGE.author_data()
    data.element = b"b"
    assert outgoing(MESSAGE, data, data).element == b"b"


@pytest.mark.parametrize("value", [1, {"a": 1}, [1], bytearray(b"x"), np.ones(3), ValueError("x")])
def test_nothing_else_can_be_carried(value):
    with pytest.raises(BadPayload, match="the code yielded what no message can carry"):
        outgoing(MESSAGE, MESSAGE.author_data(), value)
