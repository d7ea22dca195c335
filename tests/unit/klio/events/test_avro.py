"""Records of Avro files in and out."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from klio.transforms import io
from klio_core.errors import EventError, JobCodeError
from klio_core.message import Message

from .pipelines import messages_from, write

# As it stands in the header of a file: other programs read these files.
GOLDEN_SCHEMA = (
    b'{"namespace": "klio.avro", "type": "record", "name": "KlioMessage", '
    b'"fields": [{"name": "element", "type": "bytes"}]}'
)


def avro(path: Path, fields: dict[str, Any], *records: dict[str, Any]) -> Path:
    schema = {"type": "record", "name": "R", "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}
    with path.open("wb") as file:
        fastavro.writer(file, schema, records)
    return path


def records(path: Path) -> list[dict[str, Any]]:
    return list(fastavro.reader(BytesIO(path.read_bytes())))


def test_the_field_element_is_the_element(tmp_path: Path):
    path = avro(tmp_path / "in.avro", {"element": "bytes", "note": "string"}, {"element": b"\xffone", "note": "x"})

    messages, read = messages_from(io.KlioReadFromAvro(str(path)))

    assert [message.element for message in messages] == [b"\xffone"]
    assert read == {("KlioReadFromAvro", "kmsg-read"): 1}


def test_a_record_without_that_field_is_the_element_as_json(tmp_path: Path):
    path = avro(tmp_path / "in.avro", {"id": "int", "raw": "bytes"}, {"id": 7, "raw": b"\xff"})

    messages, _ = messages_from(io.KlioReadFromAvro(str(path)))

    assert [json.loads(message.element) for message in messages] == [{"id": 7, "raw": "/w=="}]


def test_an_element_that_is_neither_bytes_nor_text_ends_the_run(tmp_path: Path):
    path = avro(tmp_path / "in.avro", {"element": "int"}, {"element": 7})

    with pytest.raises(EventError, match="the field 'element' of a record cannot be an element"):
        messages_from(io.KlioReadFromAvro(str(path)))


@pytest.mark.parametrize(
    "where",
    [
        {"file_pattern": "{}/in*.avro"},
        {"location": "{}/"},
        {"location": "{}"},
        {"location": "{}/*"},
        {"location": "{}", "file_pattern": "in*"},
    ],
    ids=str,
)
def test_a_location_and_a_pattern_are_joined_and_either_will_do(tmp_path: Path, where: dict[str, str]):
    avro(tmp_path / "in1.avro", {"element": "bytes"}, {"element": b"one"})
    avro(tmp_path / "in2.avro", {"element": "bytes"}, {"element": b"two"})

    messages, _ = messages_from(io.KlioReadFromAvro(**{key: value.format(tmp_path) for key, value in where.items()}))

    assert [message.element for message in messages] == [b"one", b"two"]


@pytest.mark.parametrize("transform", [io.KlioReadFromAvro, io.KlioWriteToAvro])
def test_a_place_must_be_given(transform: type):
    with pytest.raises(io.KlioMissingConfiguration, match="and no location") as raised:
        transform()

    assert isinstance(raised.value, io.BaseKlioIOException)
    assert isinstance(raised.value, JobCodeError)


def test_what_is_written_has_klios_schema_and_the_element_alone(tmp_path: Path):
    raw = Message.of(b"one\xff", payload=b"secret").encode()

    written = write(io.KlioWriteToAvro("out", str(tmp_path)), [raw])

    path = tmp_path / "out-00000-of-00001"
    header = fastavro.reader(BytesIO(path.read_bytes())).metadata
    assert header["avro.codec"] == "deflate"
    assert header["avro.schema"].encode() == GOLDEN_SCHEMA
    assert records(path) == [{"element": b"one\xff"}]
    assert written == {("KlioWriteToAvro", "kmsg-write"): 1}


def test_codec_suffix_and_shards_are_as_asked(tmp_path: Path):
    options = {"codec": "null", "file_name_suffix": ".avro", "num_shards": 2, "shard_name_template": "-S-N"}

    write(io.KlioWriteToAvro(location=str(tmp_path / "out"), **options), [Message.of(b"one").encode()])

    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == ["out-0-2.avro", "out-1-2.avro"]
    assert [record for path in paths for record in records(path)] == [{"element": b"one"}]
    assert {fastavro.reader(BytesIO(path.read_bytes())).metadata["avro.codec"] for path in paths} == {"null"}


def test_what_is_written_is_read_again(tmp_path: Path):
    elements = [b"a", b"b\x00", "ü".encode()]

    write(io.KlioWriteToAvro(str(tmp_path / "out")), [Message.of(element).encode() for element in elements])

    messages, _ = messages_from(io.KlioReadFromAvro(str(tmp_path / "out-*")))
    assert [message.element for message in messages] == sorted(elements)
