"""The app: routes, guards, problems, put together in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from web import metrics as counting
from web import problems
from web.contract import openapi
from web.front import Front
from web.guard.install import install
from web.guard.owners import only_own
from web.problems import answers
from web.routes import apiv1, events, files, health, metrics, mixes, music, page, session, songs, uploads

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    songs.router,
    events.router,
    mixes.router,
    uploads.router,
    files.router,
    session.router,
    page.router,
    apiv1.router,
    music.router,
    metrics.router,
)
GUARDS: tuple[Callable[[FastAPI, Front], None], ...] = (install, counting.install)
"""Each is called with the app and the front; the one that is installed last sees a request first."""


def make(front: Front) -> FastAPI:
    """Answer the app of a front, which it starts and stops."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(front.start)
        yield
        await run_in_threadpool(front.stop)

    app = FastAPI(
        title="Stems of songs",
        summary="Songs in; vocals, drums, bass and the rest out, and mixes of them.",
        version=version("klio"),
        lifespan=lifespan,
        docs_url=None,  # both load scripts from other hosts
        redoc_url=None,
        dependencies=[Depends(only_own)],
        responses=answers(422, 500, 503),
        generate_unique_id_function=openapi.operation_id,
    )
    app.state.front = front
    app.state.routers = ROUTERS
    problems.install(app)
    for guard in GUARDS:
        guard(app, front)
    for router in ROUTERS:
        app.include_router(router)
    openapi.complete(app)  # it builds all routes, too: neither is left to the first request
    return app
