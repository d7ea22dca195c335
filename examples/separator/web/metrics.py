"""What Prometheus asks: the songs by their states, what comes in, what is refused, and how long answers take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.model import State

if TYPE_CHECKING:
    from web.front import Front

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Songs(Collector):
    """What is known at the moment of asking."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def collect(self) -> Iterator[Any]:
        """Yield each family, with its values."""
        songs = self._front.catalogue.entries()
        states = GaugeMetricFamily("separator_songs", "Songs, by their state.", labels=["state"])
        for state in State:
            states.add_metric([state], sum(song.state is state for song in songs))
        yield states
        since = min((song.uploaded / 1e6 for song in songs if song.state is State.QUEUED), default=None)
        age = 0.0 if since is None else max(0.0, time.time() - since)
        yield GaugeMetricFamily("separator_oldest_queued_seconds", "For how long the oldest queued song waits.", age)
        yield GaugeMetricFamily("separator_event_readers", "Who listens to events.", len(self._front.feed))
        room = self._front.room
        yield GaugeMetricFamily("separator_uploading_bytes", "Uploads on their way, on this machine.", room.used_bytes)
        yield CounterMetricFamily("separator_uploads", "Files that have arrived whole.", room.files)
        yield CounterMetricFamily("separator_upload_bytes", "Bytes of files that have arrived.", room.bytes)


class Metrics:
    """Counts each request, and answers none itself. `registry` has everything that is told of a front."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter("separator_requests", "Requests.", ["method", "route", "status"], registry=registry)
        self._seconds = Histogram(
            "separator_request_seconds",
            "Until the answer begins.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._refusals = Counter("separator_refusals", "Problems, by their type.", ["type"], registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request be answered, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, seen)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")  # its pattern: there are few of them
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
        problem = scope.get("state", {}).get("problem")
        if problem:
            self._refusals.labels(problem).inc()


def install(app: FastAPI, front: Front) -> None:
    """Count all requests of an app, before any guard sees them."""
    app.state.metrics = CollectorRegistry()
    app.state.metrics.register(Songs(front))
    app.add_middleware(Metrics, registry=app.state.metrics)
