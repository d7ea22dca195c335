"""With how many requests many objects are looked for, and what happens when some of those fail."""

import json
import urllib.request
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from klio.data.gcs import GcsStore
from klio.data.gcs_client import Patience
from klio.data.gcs_looks import Looks
from klio.data.store import ABSENT
from klio_core.errors import DataError, DataNotFound

PATIENCE = Patience(patience_s=10, pause_s=0.01)
STORE = GcsStore(PATIENCE)
LOOKS = Looks(PATIENCE, page=50, worth=20)


@pytest.fixture(scope="module")
def bucket(object_server: str) -> str:
    """A bucket of 160 objects: in/000 to in/159."""
    name = made_bucket(object_server)
    for number in range(160):
        target = f"{object_server}/upload/storage/v1/b/{name}/o?uploadType=media&name=in/{number:03}"
        urllib.request.urlopen(urllib.request.Request(target, b"x", method="POST")).close()
    return f"gs://{name}"


def made_bucket(server: str) -> str:
    name = uuid.uuid4().hex
    body = json.dumps({"name": name}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{server}/storage/v1/b", body)).close()
    return name


def kinds(line) -> dict[str, int]:
    """How many requests of each kind were seen."""
    kinds = {"packed": 0, "listed": 0, "single": 0}
    for seen in line.seen:
        kind = "packed" if "/batch/" in seen else "listed" if "/o?" in seen else "single"
        kinds[kind] += 1
    return kinds


def test_names_that_lie_close_together_are_listed_page_by_page(line, bucket: str):
    names = [f"{bucket}/in/{number:03}" for number in range(0, 200, 2)]

    assert set(LOOKS.many(names)) == set(names[:80])
    # The first fifty are among a hundred, two pages; of the others, in/100 and on, thirty are among sixty.
    assert kinds(line) == {"packed": 0, "listed": 4, "single": 0}


def test_names_among_very_many_others_are_packed_after_one_page(line, bucket: str):
    names = [f"{bucket}/in/{number:03}" for number in range(0, 160, 8)] + [f"{bucket}/zz/{n:03}" for n in range(80)]

    assert set(LOOKS.many(names)) == set(names[:20])
    assert kinds(line)["listed"] == 2
    assert kinds(line)["single"] + kinds(line)["packed"] > 0


def test_very_many_names_are_packed_where_few_of_them_are_on_a_page(line, bucket: str):
    names = [f"{bucket}/in/{number:03}x" for number in range(160)]

    assert Looks(PATIENCE, page=50, worth=60).many(names) == {}
    assert kinds(line) == {"packed": 80, "listed": 0, "single": 0}


def test_a_few_names_are_looked_at_one_by_one_at_once(line, bucket: str):
    names = [f"{bucket}/in/{number}" for number in ("000", "none", "001")]

    assert STORE.exists(names) == [True, False, True]
    assert kinds(line) == {"packed": 0, "listed": 0, "single": 3}


@pytest.mark.parametrize("status", [403, 400])
def test_where_listing_is_not_allowed_the_names_are_packed(line, bucket: str, status: int):
    line.faults = [status]

    assert STORE.exists([f"{bucket}/in/{number:03}" for number in range(60, 210)]) == [True] * 100 + [False] * 50
    assert kinds(line) == {"packed": 75, "listed": 1, "single": 0}


@pytest.mark.parametrize("fault", [400, 404, 501, "busy inside", "cut short"])
def test_what_a_packed_request_leaves_open_is_looked_at_singly(line, bucket: str, fault):
    def spoilt(forward):
        answer = forward()
        body = b"" if fault == "cut short" else answer.body.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 429 NO", 1)
        kind = next(value for name, value in answer.headers if name == "Content-Type")
        return replace(answer, headers=[("Content-Type", kind), ("Content-Length", str(len(body)))], body=body)

    line.befall = {"/o?": 403, "/batch/": fault if isinstance(fault, int) else spoilt}
    names = [f"{bucket}/in/{number:03}" for number in range(131, 270)]

    assert STORE.exists(names) == [True] * 29 + [False] * 110
    assert kinds(line)["packed"] == 69
    assert kinds(line)["single"] > 1


@pytest.mark.parametrize("count", [1, 3, 90, 500])
def test_an_outage_is_an_error_however_many_names_are_asked_for(line, bucket: str, count: int):
    line.always = 503

    with pytest.raises(DataError):
        GcsStore(Patience(0.1, 0.01)).exists([f"{bucket}/in/{number}" for number in range(count)])


@pytest.mark.parametrize("count", [1, 3, 90, 500])
def test_a_bucket_that_is_not_there_is_named_however_many_names_are_asked_for(line, count: int):
    with pytest.raises(DataNotFound) as missing:
        STORE.exists([f"gs://no-such-bucket/{number}" for number in range(count)])

    assert missing.value.what == "there is no such bucket"


def test_names_of_several_buckets_are_asked_for_together(line, bucket: str, object_server: str, tmp_path: Path):
    other = made_bucket(object_server)
    (tmp_path / "x").write_bytes(b"x")
    STORE.commit(tmp_path / "x", f"gs://{other}/in/000", expect=ABSENT)

    wanted = [f"{place}/in/{number:03}" for number in range(150) for place in (bucket, f"gs://{other}")]
    assert STORE.exists(wanted) == [True, True] + [True, False] * 149


def test_an_object_whose_recorded_checksum_is_another_is_not_intact(line, bucket: str, object_server: str):
    target = f"{object_server}/storage/v1/b/{bucket[5:]}/o/in%2F000"
    body = json.dumps({"metadata": {"klio-crc32c": "AAAAAA=="}}).encode()
    request = urllib.request.Request(target, body, {"Content-Type": "application/json"}, method="PATCH")
    urllib.request.urlopen(request).close()

    names = [f"{bucket}/in/{number:03}" for number in range(120)]
    assert STORE.intact(names[:1]) == [False]
    assert STORE.intact(names) == [False] + [True] * 119
    assert STORE.exists(names[:1]) == [True]
