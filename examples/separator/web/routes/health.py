"""Whether this front lives, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from web.front import TheFront
from web.problems import Problem, answers

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """How this front is."""

    status: str
    songs: int


@router.get("/healthz")
async def health(front: TheFront) -> Health:
    """Answer that this process lives, whatever the cloud does."""
    return Health(status="alive", songs=len(front.catalogue))


@router.get("/readyz", responses=answers(503))
async def readiness(front: TheFront) -> Health:
    """Answer whether songs are known, and changes are heard."""
    if front.ready:
        return Health(status="ready", songs=len(front.catalogue))
    trouble = front.listener.trouble
    raise Problem(
        503,
        "not-ready",
        "This front does not hear of songs yet",
        detail=trouble.what if trouble else "It has just begun to look.",
        todo=(trouble.todo if trouble else None) or "Try again in some seconds.",
        headers={"Retry-After": "1"},
    )
