"""What browsers are told to refuse."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

import pytest

from tests.separator.web.kit import Served, a_cloud, served
from web.guard.headers import policy_of


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    with a_cloud() as jobs, served(jobs) as web:
        yield web


def rules(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/songs", "/nothing", "/v1/songs/no-hash", "/openapi.json"])
def test_every_answer_is_only_what_it_says_it_is_and_in_nobodys_frame(web: Served, path: str) -> None:
    headers = web.client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    policy = rules(headers["content-security-policy"])
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["default-src"] == ["'none'"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "server" not in headers


def test_refusals_of_the_guards_have_them_too(web: Served) -> None:
    refused = web.client.post("/v1/songs", headers={"Origin": "https://evil.example"})

    assert refused.status_code == 403
    assert refused.headers["x-content-type-options"] == "nosniff"


def test_nobody_else_may_read_an_answer(web: Served) -> None:
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}

    for method in ("GET", "OPTIONS"):
        answer = web.client.request(method, "/v1/songs", headers=origin)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_on_the_page_exactly_its_own_scripts_and_styles_run(web: Served) -> None:
    page = web.client.get("/")
    policy = rules(page.headers["content-security-policy"])

    for tag, rule in {"script": "script-src", "style": "style-src"}.items():
        inline = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", page.text, re.DOTALL)
        assert inline
        assert policy[rule] == [hash_of(text) for text in inline]


def test_the_page_asks_no_other_host_and_needs_nothing_that_the_policy_refuses(web: Served) -> None:
    page = web.client.get("/").text

    assert re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", page) == []
    assert re.findall(r"""<[^>]+\s(?:style|on\w+)=["']""", page) == []  # inline styles and handlers do not run


def test_a_policy_names_what_is_in_the_page() -> None:
    policy = rules(policy_of("<style>a{}</style><script>\r\n1</script><script> </script>", ["https://s.example"]))

    assert policy["script-src"] == [hash_of("\n1")]
    assert policy["style-src"] == [hash_of("a{}")]
    assert policy["media-src"] == ["'self'", "https://s.example", "blob:"]
    assert rules(policy_of("<p>no script</p>"))["script-src"] == ["'none'"]
