"""Signing in: the page cannot send a token with each picture and each sound, so it gets a cookie that holds it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from web.front import TheFront
from web.guard.address import is_secret, networks
from web.guard.door import UNKNOWN
from web.guard.tokens import COOKIE, Tokens, Who
from web.problems import answers

router = APIRouter(prefix="/v1/session", tags=["session"])
_MONTH_S = 30 * 24 * 3600


class SignIn(BaseModel):
    """Who wants to come in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str = Field(min_length=1, max_length=200)


class Session(BaseModel):
    """Who is in. Where no tokens are required, everybody is, without a name."""

    required: bool
    signed_in: bool
    name: str | None
    admin: bool


@router.get("")
async def get_session(request: Request) -> Session:
    """Answer whether tokens are required here, and whose came with this request."""
    return _session(request.app.state.tokens, request.state.who)


@router.post("", responses=answers(401))
async def sign_in(front: TheFront, request: Request, response: Response, said: SignIn) -> Session:
    """Answer a cookie for the page of this service, for a token."""
    tokens: Tokens = request.app.state.tokens
    found = tokens.of(said.token)
    if found is None:
        raise UNKNOWN
    if tokens.required:
        secure = is_secret(request.scope, networks(front.settings.trusted_proxies))
        response.set_cookie(COOKIE, said.token, _MONTH_S, path="/", secure=secure, httponly=True, samesite="strict")
    return _session(tokens, found)


@router.delete("", status_code=204)
async def sign_out(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def _session(tokens: Tokens, whoever: Who | None) -> Session:
    known = whoever or Who()
    return Session(required=tokens.required, signed_in=whoever is not None, name=known.name, admin=known.admin)
