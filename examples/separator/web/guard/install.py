"""All guards, in the order in which they stand before the routes."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from web.front import Front
from web.guard.address import networks
from web.guard.bugs import Bugs
from web.guard.clients import Clients
from web.guard.deadline import Deadline, Patience
from web.guard.door import Door, own_names
from web.guard.headers import Headers
from web.guard.rate import Rate
from web.guard.small import Small
from web.guard.streams import Streams
from web.guard.tokens import Tokens


def install(app: FastAPI, front: Front) -> None:
    """Put everything before the routes of an app. Raises ConfigError for a file of tokens that cannot be read."""
    settings = front.settings
    tokens = Tokens(Path(settings.tokens_file) if settings.tokens_file else None)
    said = {"uploads": settings.uploads_per_minute, "requests": settings.requests_per_minute}
    rates = {name: f"{count}/minute" for name, count in said.items() if count}
    clients = Clients(tokens, networks(settings.trusted_proxies))
    app.state.tokens = tokens
    hosts = settings.hosts or own_names(settings.host, required=tokens.required)
    app.add_middleware(Small)
    if settings.streams_per_client:
        app.add_middleware(Streams, clients=clients, most=settings.streams_per_client)
    app.add_middleware(Door, tokens=tokens, hosts=hosts)  # the last one sees a request first
    app.add_middleware(Rate, clients=clients, rates=rates)
    app.add_middleware(Bugs)
    app.add_middleware(Deadline, patience=Patience(settings.silence_s, settings.grace_s))
    app.add_middleware(Headers)
