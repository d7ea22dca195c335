"""Errors as clients get them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from tests.separator.web.kit import Served, a_cloud, served
from web.app import make
from web.front import Front
from web.settings import Settings

SONG = "ab" * 32


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "todo", "instance"} <= set(said)
    assert said["status"] == answer.status_code
    assert said["type"].startswith("urn:klio:separator:")
    assert all(said.values())
    return said


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", f"/v1/songs/{SONG}", 404, "no-such-song"),
        ("GET", f"/v1/songs/{SONG}/events", 404, "no-such-song"),
        ("DELETE", f"/v1/songs/{SONG}", 404, "no-such-song"),
        ("GET", "/v1/songs/x", 422, "invalid-request"),
        ("GET", f"/v1/songs/{SONG.upper()}", 422, "invalid-request"),
        ("GET", f"/v1/songs/{SONG}%0A", 422, "invalid-request"),
        ("GET", "/v1/songs/..%2f..%2fetc", 404, "no-such-page"),
        ("GET", "/v1/nothing", 404, "no-such-page"),
        ("PATCH", "/v1/songs", 405, "wrong-method"),
        ("PUT", f"/v1/songs/{SONG}", 405, "wrong-method"),
    ],
)
def test_each_refusal_has_a_type_that_never_changes(web: Served, method: str, path: str, status: int, kind: str):
    answer = web.client.request(method, path)

    assert answer.status_code == status
    assert problem(answer)["type"] == f"urn:klio:separator:{kind}"
    if status == 405:
        assert answer.headers["Allow"]


def test_a_body_that_is_no_json_is_refused(web: Served):
    song = web.jobs.upload()
    web.front.asking.look_at(song)
    answer = web.client.post(f"/v1/songs/{song}/mixes", content=b"{", headers={"Content-Type": "application/json"})

    assert problem(answer)["type"] == "urn:klio:separator:invalid-request"


def test_a_store_that_does_not_answer_is_said_to_be_away_and_what_is_known_is_still_answered():
    with a_cloud(["unavailable@objects.delete"]) as jobs, served(jobs, patience_s=0.2) as web:
        song = jobs.upload()
        web.front.asking.look_at(song)

        answer = web.client.delete(f"/v1/songs/{song}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert problem(answer)["type"] == "urn:klio:separator:cloud-away"
        assert "gs://" not in answer.text
        assert web.song(song)["state"] == "queued"


def test_a_queue_that_does_not_answer_is_said_to_be_away():
    with a_cloud(["denied@pubsub.publish"]) as jobs, served(jobs) as web:
        song = jobs.upload()
        web.front.asking.look_at(song)

        answer = web.client.post(f"/v1/songs/{song}/mixes", json={"stems": ["vocals"]})
        assert answer.status_code == 503
        assert problem(answer)["detail"] == "an event could not be published"


def breaking() -> FastAPI:
    """An app with routes that are broken."""
    app = make(Front(Settings()))

    @app.get("/bug")
    def bug() -> None:
        raise ValueError("secret")

    @app.get("/late-bug")
    def late_bug() -> StreamingResponse:
        def pieces() -> Iterator[bytes]:
            yield b"the beginning"
            raise ValueError("secret")

        return StreamingResponse(pieces())

    return app


def asked(app: FastAPI, *paths: str) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.get(path) for path in paths]

    with ThreadPoolExecutor(1) as elsewhere:  # the browser's tests leave a loop running in this thread
        return elsewhere.submit(asyncio.run, ask()).result()


def test_a_bug_is_a_problem_too_and_says_nothing_of_the_inside(caplog: pytest.LogCaptureFixture):
    (answer,) = asked(breaking(), "/bug")

    assert (answer.status_code, problem(answer)["type"]) == (500, "urn:klio:separator:bug")
    assert "secret" not in answer.text
    assert [record.message for record in caplog.records if record.exc_info] == ["GET /bug failed"]


def test_a_bug_passes_the_guards_and_is_counted_as_any_answer():
    answer, health, metrics = asked(breaking(), "/bug", "/healthz", "/metrics")

    always = [name for name in health.headers if not name.startswith("content-")]
    assert {name: answer.headers[name] for name in always} == {name: health.headers[name] for name in always}
    assert answer.headers["content-security-policy"] == health.headers["content-security-policy"]
    assert 'separator_requests_total{method="GET",route="/bug",status="500"} 1.0' in metrics.text
    assert 'separator_refusals_total{type="bug"} 1.0' in metrics.text


def test_a_bug_in_the_middle_of_an_answer_breaks_it_off():
    with pytest.raises(ValueError, match="secret"):
        asked(breaking(), "/late-bug")
