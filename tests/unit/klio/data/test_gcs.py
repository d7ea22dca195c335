"""What the store does when the line or the service fails; what it does when all is well is in the contract."""

import json
import threading
import time
import urllib.request
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from klio.data.checksum import crc32c_of
from klio.data.gcs import GcsStore
from klio.data.gcs_client import Patience
from klio.data.store import ABSENT
from klio_core.errors import DataCorrupted, DataError, DataNotFound, LostLease

STORE = GcsStore(Patience(patience_s=10, pause_s=0.01))
IMPATIENT = GcsStore(Patience(patience_s=0.3, pause_s=0.01, silence_s=0.2))
PASSING = [429, 500, 502, 503, 504, "breaks"]


@pytest.fixture
def bucket(object_server: str) -> str:
    name = uuid.uuid4().hex
    body = json.dumps({"name": name}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{object_server}/storage/v1/b", body)).close()
    return f"gs://{name}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"sound")
    return path


@pytest.fixture
def there(bucket: str, source: Path, line) -> str:
    STORE.commit(source, f"{bucket}/there.ogg", expect=ABSENT)
    line.seen.clear()
    return f"{bucket}/there.ogg"


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_tried_again(line, there: str, fault):
    line.faults = [fault]

    assert STORE.exists([there]) == [True]
    assert len(line.seen) == 2


@pytest.mark.parametrize("fault", [503, "breaks"])
def test_an_outage_is_an_error_and_never_an_absence(line, there: str, fault):
    line.always = fault

    with pytest.raises(DataError) as failure:
        IMPATIENT.exists([there, there + "x"])

    assert failure.value.where in {there, there + "x"}
    assert not isinstance(failure.value, DataNotFound)
    assert len(line.seen) > 2


def test_a_server_that_is_not_there_is_an_error_within_the_deadline(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")  # discard: nobody listens
    began = time.monotonic()

    with pytest.raises(DataError):
        IMPATIENT.exists(["gs://bucket/x"])

    assert time.monotonic() - began < 60  # Google's client alone gives it 120


def test_a_server_that_falls_silent_is_asked_again(line, there: str):
    silent = threading.Event()
    line.faults = [lambda forward: silent.wait(5) and None]

    assert GcsStore(Patience(patience_s=10, pause_s=0.01, silence_s=0.2)).exists([there]) == [True]
    silent.set()


@pytest.mark.parametrize(
    ("verb", "permission"),
    [
        ("exists", "storage.objects.get"),
        ("open", "storage.objects.get"),
        ("commit", "storage.objects.create"),
        ("paths", "storage.objects.list"),
        ("delete", "storage.objects.delete"),
    ],
)
def test_a_missing_permission_fails_at_once_and_is_named(line, bucket: str, source: Path, verb: str, permission: str):
    line.always = 403
    asked = {
        "exists": lambda path: STORE.exists([path]),
        "open": STORE.open,
        "commit": lambda path: STORE.commit(source, path, expect=ABSENT),
        "paths": lambda path: list(STORE.paths(path)),
        "delete": STORE.delete,
    }

    with pytest.raises(DataError) as refusal:
        asked[verb](f"{bucket}/x")

    assert refusal.value.what == f"this account lacks {permission} on the bucket {bucket[5:]}"
    assert len(line.seen) == 1


@pytest.mark.parametrize("verb", ["exists", "generation", "open", "commit", "paths", "delete"])
def test_a_missing_bucket_is_not_found_and_named(line, source: Path, verb: str):
    asked = {
        "exists": lambda path: STORE.exists([path]),
        "generation": STORE.generation,
        "open": STORE.open,
        "commit": lambda path: STORE.commit(source, path, expect=ABSENT),
        "paths": lambda path: list(STORE.paths(path)),
        "delete": STORE.delete,
    }

    with pytest.raises(DataNotFound) as missing:
        asked[verb]("gs://no-such-bucket/x")

    assert missing.value.what == "there is no such bucket"
    assert missing.value.where == "gs://no-such-bucket/x"
    assert len(line.seen) == 1


def test_an_upload_whose_reply_was_lost_is_known_again_as_ours(line, bucket: str, source: Path):
    line.faults = ["loses the reply"]

    committed = STORE.commit(source, f"{bucket}/a", expect=ABSENT)

    assert [seen.split("?")[0].split("/")[0] for seen in line.seen] == ["POST ", "POST ", "GET "]
    assert committed.generation == STORE.generation(f"{bucket}/a")
    assert (committed.size, committed.crc32c) == (5, crc32c_of(b"sound"))


def test_an_upload_whose_reply_was_lost_and_that_another_replaced_is_a_lost_lease(line, bucket: str, tmp_path: Path):
    for name in ("ours", "theirs"):
        (tmp_path / name).write_bytes(b"the same sound")

    def replaced_by_another(forward):
        forward()
        STORE.commit(tmp_path / "theirs", f"{bucket}/a", expect=None)

    line.faults = [replaced_by_another]

    with pytest.raises(LostLease):
        STORE.commit(tmp_path / "ours", f"{bucket}/a", expect=ABSENT)


@pytest.mark.parametrize("fault", [503, "breaks", "loses the reply"])
@pytest.mark.parametrize("request_number", [0, 1])
def test_a_large_upload_survives_a_failure_at_its_beginning_and_at_its_end(
    line, bucket: str, tmp_path: Path, fault, request_number: int
):
    content = bytes(range(256)) * 36_000
    (tmp_path / "large").write_bytes(content)
    line.faults = ["none"] * request_number + [fault]

    committed = STORE.commit(tmp_path / "large", f"{bucket}/large", expect=ABSENT)

    assert (committed.size, committed.crc32c) == (len(content), crc32c_of(content))
    assert committed.generation == STORE.generation(f"{bucket}/large")


@pytest.mark.parametrize("fault", ["cuts the body", "corrupts the body", 503])
def test_a_download_that_arrives_broken_is_fetched_again(line, there: str, tmp_path: Path, fault):
    line.faults = [fault]

    STORE.download(there, tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == b"sound"
    line.faults = [fault]
    with STORE.open(there) as file:
        assert file.read() == b"sound"


def test_a_download_that_stalls_in_the_middle_is_fetched_again(line, there: str, tmp_path: Path):
    enough = threading.Event()
    line.faults = [lambda forward: replace(forward(), stalls=enough)]

    GcsStore(Patience(patience_s=10, pause_s=0.01, silence_s=0.2)).download(there, tmp_path / "copy")

    enough.set()
    assert (tmp_path / "copy").read_bytes() == b"sound"


@pytest.mark.parametrize("fault", ["cuts the body", "corrupts the body"])
def test_a_download_that_never_arrives_whole_leaves_nothing(line, there: str, tmp_path: Path, fault):
    line.always = fault

    with pytest.raises(DataError):
        IMPATIENT.download(there, tmp_path / "down" / "copy")

    assert list((tmp_path / "down").iterdir()) == []


def test_a_download_that_is_another_one_again_and_again_will_not_come_right(line, there: str, tmp_path: Path):
    line.always = "corrupts the body"

    with pytest.raises(DataCorrupted) as failure:
        IMPATIENT.download(there, tmp_path / "copy")

    assert failure.value.where == there
    assert not failure.value.transient
    assert len(line.seen) > 2


def test_every_write_insists_on_a_generation(line, bucket: str, source: Path):
    first = STORE.commit(source, f"{bucket}/a", expect=None)
    STORE.commit(source, f"{bucket}/a", expect=None)

    writes = [seen for seen in line.seen if seen.startswith("POST")]
    assert [write.partition("ifGenerationMatch=")[2] for write in writes] == ["0", str(first.generation)]


@pytest.mark.parametrize("path", ["gs://", "gs:///name", "/bucket/name"])
def test_a_path_without_a_bucket_is_refused_before_anything_is_asked(line, path: str):
    with pytest.raises(DataError) as refusal:
        STORE.generation(path)

    assert refusal.value.expected == "gs://bucket/name"
    assert line.seen == []
