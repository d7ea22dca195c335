"""GET /: the page, as a browser and a proxy see it."""

from __future__ import annotations

import re

from tests.separator.web.kit import Served
from web.routes.page import page_of


def test_the_page_tells_what_is_taken_and_is_sent_again_only_when_it_is_another(web: Served):
    first = web.client.get("/")
    again = web.client.get("/", headers={"If-None-Match": f'"other", {first.headers["etag"]}'})

    assert (first.status_code, first.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "up to 200 MB and 20 minutes each" in first.text
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert page_of(100, 20).headers["ETag"] != page_of(200, 20).headers["ETag"]


def test_only_its_own_script_and_style_may_run_and_it_asks_no_other_host(web: Served):
    policy = dict(rule.split(" ", 1) for rule in web.client.get("/").headers["content-security-policy"].split("; "))

    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/=]{44}'", policy["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/=]{44}'", policy["style-src"])
    assert policy["connect-src"] == "'self'"
    assert page_of(200, 20, ("https://storage.googleapis.com",)).headers["Content-Security-Policy"].count("https:") == 2


def test_the_page_has_nothing_that_its_policy_forbids_and_no_address_of_another_host():
    text = page_of(200, 20).text

    assert re.findall(r"\son\w+=|\sstyle=", text) == []
    assert set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text)) == {"http://www.w3.org"}  # the name of SVG
