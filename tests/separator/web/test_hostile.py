"""What nobody sends by mistake: each is refused for what it is, with nothing of it kept, and others are served."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.separator.web.kit import Jobs, Served, served
from tests.separator.web.wire import Answer, answered, connected
from web.guard import tokens
from web.guard.door import own_names
from web.guard.small import MOST_BYTES


def asked(web: Served, said: bytes) -> Answer:
    with connected(web) as line:
        line.sendall(said)
        return answered(line)


@pytest.mark.parametrize("host", [b"[", b"a]b", b"a/healthz?x=", b"a b", b"user@localhost", b"localhost:x", b"\xff"])
def test_a_host_that_is_none_is_refused_for_that(web: Served, host: bytes) -> None:
    answer = asked(web, b"GET /v1/songs HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")

    assert (answer.status, answer.kind) == (400, "no-host")
    assert answer.json["instance"] == "/v1/songs"


@pytest.mark.parametrize("host", [b"x/healthz?", b"x/v1/session#", b"localhost/openapi.json?a="])
def test_no_host_opens_what_is_closed(jobs: Jobs, tmp_path: Path, host: bytes) -> None:
    tokens.add(tmp_path / "tokens.json", "ada")
    with served(jobs, tokens_file=str(tmp_path / "tokens.json")) as web:
        answer = asked(web, b"GET /v1/songs HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")

        assert answer.status in (400, 401)


@pytest.mark.parametrize("origin", ["http://[", "null", "", "http://", "http://localhost:1@evil.example"])
def test_an_origin_that_is_none_is_another_site(web: Served, origin: str) -> None:
    answer = web.client.delete(f"/v1/songs/{'0' * 64}", headers={"Origin": origin})

    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "another-site")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_name_of_another_site_that_leads_to_this_machine_opens_nothing(web: Served, method: str) -> None:
    there = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}
    answer = web.client.request(method, f"/v1/songs/{'0' * 64}", headers=there)

    assert answer.status_code == 421
    for name in ("localhost", "127.0.0.1:8080", "[::1]"):
        assert web.client.get("/v1/songs", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize(
    ("host", "required", "names"),
    [
        ("127.0.0.1", False, {"localhost", "127.0.0.1", "::1"}),
        ("127.0.0.2", False, {"localhost", "127.0.0.1", "::1", "127.0.0.2"}),
        ("::1", False, {"localhost", "127.0.0.1", "::1"}),
        ("127.0.0.1", True, set()),
        ("0.0.0.0", False, set()),
        ("stems.example.com", False, set()),
    ],
)
def test_a_service_of_one_machine_has_that_machines_names(host: str, *, required: bool, names: set[str]) -> None:
    assert set(own_names(host, required=required)) == names


def test_a_body_that_is_no_upload_is_refused_before_it_fills_the_memory(web: Served) -> None:
    long = json.dumps({"token": "a" * MOST_BYTES}).encode()
    answer = web.client.post("/v1/session", content=long, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (413, "body-too-large")

    answer = web.client.post(
        "/v1/session", content=iter([long[:1000], long[1000:]]), headers={"Content-Type": "application/json"}
    )
    assert "content-length" not in answer.request.headers
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (413, "body-too-large")


def test_a_body_that_says_to_be_packed_is_not_unpacked(web: Served) -> None:
    song = web.jobs.upload()
    web.front.look_again()
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = web.client.post(f"/v1/songs/{song}/mixes", content=b"\x1f\x8b\x08\x00" + bytes(100), headers=headers)

    assert answer.status_code in (400, 415, 422)


@pytest.mark.parametrize("said", [b"GET /" + b"a" * 2_000_000, b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 300_000])
def test_headers_without_an_end_are_not_collected(web: Served, said: bytes) -> None:
    with connected(web) as line:
        try:
            line.sendall(said)
            status = answered(line).status
        except ConnectionError:  # closed while there was more to come
            status = 431
    assert status == 431
    assert web.client.get("/healthz").status_code == 200


def test_many_headers_and_a_long_address_that_have_an_end_are_taken(web: Served) -> None:
    answer = web.client.get(f"/v1/songs/{'a' * 8000}", headers={f"X-{number}": "b" * 100 for number in range(50)})

    assert answer.status_code == 422


TWO = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
JSON = b"POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "said",
    [
        JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + TWO,
        JSON + b"Content-Length: 0\r\nContent-Length: 30\r\n\r\n" + TWO,
        JSON + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + TWO,
        JSON + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + TWO,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b: c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n",
    ],
)
def test_a_request_that_a_proxy_may_read_otherwise_is_none(web: Served, said: bytes) -> None:
    with connected(web) as line:
        line.sendall(said)
        answer = line.makefile("rb").read()  # to the end: it is closed, and what follows is not read as a request

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_nobody_elses_page_reads_an_answer_or_is_told_that_it_may(web: Served) -> None:
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    for answer in (
        web.client.get("/v1/songs", headers=asks),
        web.client.options("/v1/songs", headers=asks),
        web.client.get("/v1/events?x", headers=asks | {"Host": "evil.example"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_an_address_is_told_and_logged_as_it_was_written(web: Served) -> None:
    answer = web.client.get("/v1/songs/%0d%0aSet-Cookie:%20a=b%1b[31m")

    assert (answer.status_code, answer.json()["instance"]) == (422, "/v1/songs/%0D%0ASet-Cookie:%20a=b%1B%5B31m")
    assert web.client.get("/no/%0asuch").json()["detail"] == "GET /no/%0Asuch"
    assert "set-cookie" not in answer.headers


def test_an_error_says_nothing_of_the_machine(web: Served, tmp_path: Path) -> None:
    for answer in (
        web.client.get("/v1/songs/../../etc/passwd"),
        web.client.get("/v1/songs/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        web.client.get(f"/v1/songs/{'0' * 64}/stems/..%2f..%2fqueue"),
        web.client.post("/v1/songs", content=b"--a\r\n", headers={"Content-Type": "multipart/form-data; boundary=a"}),
        httpx.post(f"{web.url}/apiv1/separate", json={"mp3": "AAAA"}),
    ):
        assert answer.status_code in (400, 404, 415, 422), answer.text
        assert not [
            word for word in ("Traceback", ".py", "gs://", str(Path.home()), "site-packages") if word in answer.text
        ]
