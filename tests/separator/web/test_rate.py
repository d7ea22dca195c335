"""How often one may ask, and for whom a request counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.separator.web.kit import Served, a_cloud, served
from web.guard.address import address_of, networks
from web.guard.tokens import add

TRUSTED = networks(["10.0.0.0/8", "::1"])


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    """A front of which little may be asked; the tests' own machine is a trusted proxy, so each test has its address."""
    settings = {"requests_per_minute": 5, "uploads_per_minute": 2, "trusted_proxies": ["127.0.0.0/8"]}
    with a_cloud() as jobs, served(jobs, **settings) as web:
        yield web


def ask(web: Served, address: str, path: str = "/v1/songs", **more: Any) -> httpx.Response:
    return web.client.request(more.pop("method", "GET"), path, headers={"X-Forwarded-For": address}, **more)


def test_who_asks_too_often_is_told_when_to_come_again(web: Served) -> None:
    answers = [ask(web, "192.0.2.1") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:klio:separator:too-many-requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert ask(web, "192.0.2.2").status_code == 200  # somebody else


def test_every_answer_says_what_is_left(web: Served) -> None:
    answers = [ask(web, "192.0.2.3") for _ in range(6)]

    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"requests";q=5;w=60'}
    left = [re.fullmatch(r'"requests";r=(\d+);t=(\d+)', answer.headers["ratelimit"]) for answer in answers]
    assert [int(one[1]) for one in left if one] == [4, 3, 2, 1, 0, 0]


def test_uploads_count_for_themselves(web: Served) -> None:
    answers = [ask(web, "192.0.2.4", method="POST", files={"file": ("a", b"x")}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [415, 415, 429]
    assert answers[0].headers["ratelimit-policy"] == '"uploads";q=2;w=60'
    assert ask(web, "192.0.2.4").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
def test_the_page_and_what_machines_look_at_is_never_refused(web: Served, path: str) -> None:
    answers = [ask(web, "192.0.2.5", path) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers


def test_tokens_count_for_themselves_whatever_address_they_come_from(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    ada, bob = ({"Authorization": f"Bearer {add(file, name)}"} for name in ("ada", "bob"))
    with a_cloud() as jobs, served(jobs, requests_per_minute=2, tokens_file=str(file)) as web:
        statuses = [web.client.get("/v1/songs", headers=one).status_code for one in (ada, ada, ada, bob)]
        guesses = [web.client.get("/v1/songs", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(3)]

    assert statuses == [200, 200, 429, 200]
    assert guesses == [401, 401, 429]  # who guesses tokens is counted by address


def test_streams_count_for_each_address() -> None:
    settings = {"streams_per_client": 1, "trusted_proxies": ["127.0.0.0/8"]}
    with a_cloud() as jobs, served(jobs, **settings) as web:
        first, second = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "192.0.2.2"))
        with web.client.stream("GET", "/v1/events", headers=first) as answer:
            assert answer.status_code == 200
            assert web.client.get("/v1/events", headers=first).status_code == 429
            with web.client.stream("GET", "/v1/events", headers=second) as other:
                assert other.status_code == 200


def test_what_is_not_limited_says_nothing_of_limits() -> None:
    with a_cloud() as jobs, served(jobs, requests_per_minute=0) as web:
        assert "ratelimit" not in web.client.get("/v1/songs").headers


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # no proxy of ours: what it says is not believed
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),  # the first one is what a client made up
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["<script>, 198.51.100.1"], "198.51.100.1"),
        ("::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ["[2001:db8:1:2::9]"], "2001:db8:1:2::/64"),
        ("", [], "nowhere"),
    ],
)
def test_a_request_counts_for_the_last_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: list[str], address: str
) -> None:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    scope = {"type": "http", "client": (peer, 1) if peer else None, "headers": headers}

    assert address_of(scope, TRUSTED) == address
