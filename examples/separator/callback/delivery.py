"""A callback on its way: some tries, and what came of them. Nothing is raised: nobody's work depends on it."""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import stamina
from askers import Asker, Told, body
from destination import Destination, Refused
from policy import Policy
from post import post
from signature import headers

log = logging.getLogger("klio")
_AT_ONCE = 32  # who does not answer is waited for; the others are not
_KIND = {"Content-Type": "application/json", "User-Agent": "klio-separator"}
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})  # what may be another answer the next time (RFC 9110)


class _Failed(Exception):
    """A try that failed, and may not fail again. `status` is what was answered."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


@dataclass
class _Letter:
    """What one asker is sent, try after try."""

    policy: Policy
    secrets: Sequence[bytes]
    identity: str
    to: Destination
    content: bytes
    tries: int = field(default=0)

    def send(self) -> int:
        """Try once. Answers the status. Raises Refused, and _Failed for what may pass."""
        self.tries += 1
        until = time.monotonic() + self.policy.timeout_s
        try:
            status = self._sent(until)
        except TimeoutError as error:
            raise _Failed(f"no answer in {self.policy.timeout_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Failed(_told(error)) from error
        if status in _LATER:
            raise _Failed(f"the answer was {status}", status)
        return status

    def _sent(self, until: float) -> int:
        at = self.to.addresses(self.policy, self.policy.timeout_s)
        signed = headers(self.identity, int(time.time()), self.content, self.secrets)
        return post(self.to, at, self.content, _KIND | signed, until)


def tell(
    askers: Sequence[Asker], song: str, stems: Sequence[str], policy: Policy, secrets: Sequence[bytes]
) -> list[Told]:
    """Tell each asker that the song is done, some at once, and answer what came of each, in order."""

    def one(asker: Asker) -> Told:
        told = _tell(asker, body(asker, song, stems), policy, secrets)
        level = logging.INFO if told.outcome == "delivered" else logging.WARNING
        log.log(level, "callback to %s: %s, tried %d times: %s", told.to, told.outcome, told.tries, told.detail)
        return told

    with ThreadPoolExecutor(_AT_ONCE, "callback") as pool:
        return list(pool.map(one, askers))


def _tell(asker: Asker, content: bytes, policy: Policy, secrets: Sequence[bytes]) -> Told:
    try:
        to = Destination.of(asker.url)
    except Refused as error:
        return Told(id=asker.id, to="", outcome="refused", detail=str(error), at=time.time())
    letter = _Letter(policy, secrets, asker.id, to, content)
    told = Told(id=asker.id, to=f"{to.scheme}://{to.authority}", outcome="failed")
    try:
        status = _patiently(letter)
        outcome, detail = _outcome(status)
        update = {"outcome": outcome, "status": status, "detail": detail}
    except Refused as error:
        update = {"outcome": "refused", "detail": str(error)}
    except _Failed as error:
        update = {"status": error.status, "detail": str(error)}
    return told.model_copy(update=update | {"tries": letter.tries, "at": time.time()})


def _patiently(letter: _Letter) -> int:
    policy = letter.policy
    retrying = stamina.RetryingCaller(
        attempts=policy.tries,
        timeout=None,
        wait_initial=policy.pause_s,
        wait_max=8 * policy.pause_s,
        wait_jitter=policy.pause_s,
    )
    return retrying(_Failed, letter.send)


def _outcome(status: int) -> tuple[str, str]:
    if 200 <= status < 300:
        return "delivered", f"the answer was {status}"
    if 300 <= status < 400:
        return "failed", f"the answer was {status}; redirects are not followed: give the URL that it leads to"
    return "failed", f"the answer was {status}"


def _told(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    return f"{type(error).__name__}: {error.strerror}" if isinstance(error, OSError) else type(error).__name__
