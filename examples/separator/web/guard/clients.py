"""For whom a request counts, where something is limited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from web.guard.address import Network, address_of
from web.guard.tokens import Tokens, token_in


@dataclass(frozen=True, slots=True)
class Clients:
    """Knows clients by their tokens or, where they have none, by the addresses that `trusted` proxies tell."""

    tokens: Tokens
    trusted: Sequence[Network] = ()

    def of(self, asked: Request) -> str:
        """Answer who a request counts for. Whoever guesses tokens is known by his address."""
        who = self.tokens.of(token_in(asked.headers, asked.cookies)) if self.tokens.required else None
        return f"token {who.name}" if who is not None else f"address {address_of(asked.scope, self.trusted)}"
