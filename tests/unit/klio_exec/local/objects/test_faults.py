"""What a client of the object store meets when the store commits faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
import urllib3

from klio_core.faults import Fault, Faults
from klio_exec.local.objects import local_objects

CONTENT = bytes(range(256)) * 1000
Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A store with the object `bucket/there`, behind the faults of these words."""
    with ExitStack() as stack:

        def start(*rules: str, faults: Faults | None = None) -> str:
            with local_objects(tmp_path / "objects", make_buckets=True) as well:
                upload(well, "there").raise_for_status()
            faults = faults or Faults(map(Fault.parse, rules))
            return stack.enter_context(local_objects(tmp_path / "objects", faults=faults))

        yield start


def upload(endpoint: str, name: str) -> requests.Response:
    return requests.post(f"{endpoint}/upload/storage/v1/b/bucket/o?uploadType=media&name={name}", CONTENT, timeout=30)


def download(endpoint: str, name: str = "there", **headers: str) -> requests.Response:
    return requests.get(f"{endpoint}/storage/v1/b/bucket/o/{name}?alt=media", headers=headers, timeout=30)


def look(endpoint: str, name: str = "there") -> requests.Response:
    return requests.get(f"{endpoint}/storage/v1/b/bucket/o/{name}", timeout=30)


@pytest.mark.parametrize(("kind", "status"), [("unavailable", 503), ("busy", 429), ("denied", 403)])
def test_a_refusal_changes_nothing_and_says_that_it_is_on_purpose(serve: Serve, kind: str, status: int) -> None:
    endpoint = serve(f"{kind}@objects.upload,nth=1")

    refused = upload(endpoint, "new")

    assert refused.status_code == status
    assert refused.json()["error"]["message"].endswith("on purpose.")
    assert look(endpoint, "new").status_code == 404
    assert upload(endpoint, "new").status_code == 200


def test_a_lost_reply_to_an_upload_leaves_the_object(serve: Serve) -> None:
    endpoint = serve("lost-reply@objects.upload")

    with pytest.raises(requests.ConnectionError):
        upload(endpoint, "new")

    assert download(endpoint, "new").content == CONTENT


def test_an_upload_that_is_cut_leaves_nothing(serve: Serve) -> None:
    endpoint = serve("cut@objects.upload,nth=1")

    with pytest.raises(requests.ConnectionError):
        upload(endpoint, "new")

    assert look(endpoint, "new").status_code == 404


def test_a_download_that_is_cut_breaks_in_the_middle_of_its_bytes(serve: Serve) -> None:
    endpoint = serve("cut@objects.download,nth=1")
    with requests.get(f"{endpoint}/storage/v1/b/bucket/o/there?alt=media", stream=True, timeout=30) as answer:
        got = answer.raw.read(len(CONTENT) // 2)
        with pytest.raises(urllib3.exceptions.HTTPError):
            answer.raw.read()

    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert got == CONTENT[: len(CONTENT) // 2]
    assert download(endpoint).content == CONTENT


@pytest.mark.parametrize("first", [0, 100_000])
def test_a_corrupt_download_has_one_other_byte_and_announces_the_right_checksum(serve: Serve, first: int) -> None:
    endpoint = serve("corrupt@objects.download,nth=1")

    bad, good = (download(endpoint, Range=f"bytes={first}-") for _ in range(2))

    assert good.content == CONTENT[first:]
    assert sum(a != b for a, b in zip(bad.content, good.content, strict=True)) == 1
    assert bad.headers["X-Goog-Hash"] == good.headers["X-Goog-Hash"]


def test_a_slow_answer_comes_and_is_right(serve: Serve) -> None:
    answer = look(serve("slow@objects.look,0.05s"))

    assert (answer.status_code, answer.json()["name"]) == (200, "there")


def test_each_request_is_known_by_what_it_asks_for(serve: Serve) -> None:
    faults = Faults([Fault.parse("slow@objects.*,0s")])
    endpoint = serve(faults=faults)

    upload(endpoint, "new")
    look(endpoint)
    download(endpoint)
    requests.get(f"{endpoint}/storage/v1/b/bucket/o?prefix=t", timeout=30).raise_for_status()
    requests.get(f"{endpoint}/storage/v1/b", timeout=30).raise_for_status()
    requests.delete(f"{endpoint}/storage/v1/b/bucket/o/new", timeout=30).raise_for_status()

    assert {operation for operation, _ in faults.committed} == {
        f"objects.{what}" for what in ("upload", "look", "download", "list", "admin", "delete")
    }


def test_an_error_has_no_body_to_spoil(serve: Serve) -> None:
    endpoint = serve("cut@objects.download")

    assert download(endpoint, "not-there").status_code == 404


def test_whoever_asks_for_permissions_hears_of_what_is_denied(serve: Serve) -> None:
    endpoint = serve("denied@objects.upload", "unavailable@objects.*")
    asked = "permissions=storage.objects.create&permissions=storage.objects.get"

    answer = requests.get(f"{endpoint}/storage/v1/b/bucket/iam/testPermissions?{asked}", timeout=30)

    assert (answer.status_code, answer.json()["permissions"]) == (200, ["storage.objects.get"])
