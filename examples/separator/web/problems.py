"""Errors as clients get them: application/problem+json (RFC 9457), with types that never change."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Route

from klio_core.errors import KlioError

log = logging.getLogger("klio.separator.web")
MEDIA_TYPE = "application/problem+json"
URN = "urn:klio:separator:"
_OLDER = "/apiv1/"  # its clients show the `reason` of an error
_SOON_S = "5"


class ProblemAnswer(BaseModel):
    """What every error looks like (RFC 9457); `todo` says what to do about it."""

    type: str = Field(examples=[f"{URN}no-such-song"])
    title: str
    status: int
    detail: str
    todo: str
    instance: str


class Problem(Exception):
    """A request that cannot be answered as it was meant. `kind` is the last word of its type, and never changes.

    `detail` says what was expected and what was found, `todo` what to do.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        *,
        detail: str = "",
        todo: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status, self.kind, self.title, self.detail, self.todo = status, kind, title, detail, todo
        self.headers = dict(headers or {})

    def response(self, request: Request, **more: Any) -> JSONResponse:
        """Answer it to a request; `more` are further members."""
        said = {
            "type": f"{URN}{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "todo": self.todo,
            "instance": path_of(request),
        }
        if request.scope["path"].startswith(_OLDER):
            said["reason"] = f"{self.title}. {self.detail}"
        request.state.problem = self.kind  # for whoever counts
        return JSONResponse(said | more, self.status, self.headers, MEDIA_TYPE)


def path_of(request: Request) -> str:
    """Answer the path of a request as URLs have it: decoded it may be anything, such as a line for the log."""
    return quote(request.scope["path"], safe="/!$&'()*+,;=:@~")


def no_such_song(song: str) -> Problem:
    """Answer the problem of a song that nobody has uploaded, or somebody has deleted."""
    return Problem(404, "no-such-song", "There is no such song", detail=f"{song} is not here.", todo="Upload it.")


def being_worked_on() -> Problem:
    """Answer the problem of a song that is not to be changed, since a worker has it."""
    return Problem(
        409,
        "being-worked-on",
        "A worker has this song",
        detail="Its stems are written soon, whether anybody wants them or not.",
        todo="Delete it when it is done.",
    )


def not_failed(state: str) -> Problem:
    """Answer the problem of a song that need not be tried again."""
    detail = f"Expected a song that failed; this one is {state}."
    return Problem(409, "not-failed", "This song has not failed", detail=detail, todo="Look at it, or wait for it.")


def original_gone(status: int) -> Problem:
    """Answer the problem of a song whose upload is not in the queue."""
    title = "The upload is not there any more"
    return Problem(status, "original-gone", title, detail="Somebody has removed it.", todo="Upload the song again.")


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answer what a route's `responses` says of its errors."""
    content = {MEDIA_TYPE: {"schema": ProblemAnswer.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Let every error of an app leave it as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(KlioError, _of_klio)
    app.add_exception_handler(Exception, bug)


def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.response(request)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in error.errors()]
    detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults[:5])
    problem = Problem(422, "invalid-request", "The request is not as it should be", detail=detail, todo=_LOOK_UP)
    return problem.response(request, errors=faults)


def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    kind, title, todo = _BY_STATUS.get(error.status_code, ("refused", HTTPStatus(error.status_code).phrase, _LOOK_UP))
    detail = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
    detail = detail or f"{request.method} {path_of(request)}"
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return Problem(error.status_code, kind, title, detail=detail, todo=todo, headers=headers).response(request)


def _allowed(request: Request) -> str:
    """Answer all methods that an address takes (RFC 9110, 15.5.6): the router names those of one of its routes."""
    routes: list[Route] = [route for router in request.app.state.routers for route in router.routes]
    methods = [route.methods or () for route in routes if route.path_regex.match(request.scope["path"])]
    return ", ".join(sorted({method for those in methods for method in those}))


def _of_klio(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KlioError)
    if not error.transient:
        log.error("%s %s failed", request.method, path_of(request), exc_info=error)
        return bug(request, error)
    log.warning("%s %s: %s", request.method, path_of(request), error)
    todo = "Try again in some seconds. Whoever runs this finds the reason in the log."
    title = "The cloud behind this service does not answer"
    return Problem(503, "cloud-away", title, detail=error.what, todo=todo, headers={"Retry-After": _SOON_S}).response(
        request
    )


def bug(request: Request, error: Exception) -> JSONResponse:
    """Answer a request for which something went wrong that nobody has expected; of the inside it says nothing."""
    todo = "Tell whoever runs this service when it happened; the log has the rest."
    return Problem(500, "bug", "Something in this service broke", detail=type(error).__name__, todo=todo).response(
        request
    )


_LOOK_UP = "Compare the request with /openapi.json."
_BY_STATUS = {
    400: ("bad-request", "The request cannot be read", _LOOK_UP),
    404: ("no-such-page", "There is nothing at this address", _LOOK_UP),
    405: ("wrong-method", "This address does not take that method", _LOOK_UP),
}
