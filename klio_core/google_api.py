"""Google's REST APIs: credentials that are found soon or not at all, and refusals that say what is to be done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from klio_core.errors import CloudError, EngineError

T = TypeVar("T")

CREDENTIALS_S = 6.0
"""How long is looked for credentials, in seconds; Google's own library may take half a minute to find none."""

_TIMEOUT_S = (3.0, 20.0)  # to connect, and between two pieces of the answer
_PAUSES_S = (0.5, 2.0)
_BUSY = frozenset({429, 500, 502, 503, 504})
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOGIN = "`gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS"


class GoogleApi:
    """One service, asked with this machine's credentials, or with none where it is `anonymous`.

    Everything raises CloudError, with the cause, where the service does not answer or says no.
    """

    def __init__(self, service: str, endpoint: str, *, anonymous: bool = False) -> None:
        self._service = service
        self._endpoint = endpoint if "://" in endpoint else f"https://{endpoint}"
        self._anonymous = anonymous
        self._session: Any = None

    def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> dict[str, Any]:
        """Answer what the service answers, which is asked again where it is busy."""
        for pause in (*_PAUSES_S, None):
            answer = self._send(method, path, query, body)
            if answer.status_code not in _BUSY or pause is None:
                break
            time.sleep(pause)
        if not answer.ok:
            raise self._refusal(path, answer.status_code, _message(answer))
        read: dict[str, Any] = answer.json()
        return read

    def connect(self) -> None:
        """Find credentials and have them taken, unless that is done."""
        if self._session is None:
            self._session = within(CREDENTIALS_S, self._signed_in)

    def _send(self, method: str, path: str, query: Mapping[str, str] | None, body: object) -> Any:
        self.connect()
        import requests
        from google.auth.exceptions import GoogleAuthError

        url = f"{self._endpoint}{path}"
        try:
            return self._session.request(method, url, params=query, json=body, timeout=_TIMEOUT_S)
        except (requests.RequestException, GoogleAuthError) as error:
            raise CloudError(
                f"{self._service} does not answer",
                where=url,
                got=f"{type(error).__name__}: {error}",
                todo="check the network, and whether a proxy or a firewall is in between",
            ) from error

    def _signed_in(self) -> Any:
        try:
            import google.auth
            import requests
            from google.auth import exceptions
            from google.auth.transport.requests import AuthorizedSession, Request
        except ImportError as error:
            raise EngineError(
                f"what speaks to {self._service} is not installed here",
                expected=str(error.name),
                todo="pip install 'klio[dataflow]'",
            ) from error
        if self._anonymous:
            return requests.Session()
        try:
            credentials, _ = google.auth.default(scopes=[_SCOPE])
            credentials.refresh(Request())
        except exceptions.DefaultCredentialsError as error:
            raise CloudError("this machine has no credentials for Google Cloud", got=str(error), todo=_LOGIN) from error
        except exceptions.GoogleAuthError as error:
            got = f"{type(error).__name__}: {error}"
            raise CloudError(
                "Google did not take this machine's credentials",
                got=got,
                todo=f"check the network; if it is there: {_LOGIN}",
            ) from error
        return AuthorizedSession(credentials)

    def _refusal(self, path: str, status: int, message: str) -> CloudError:
        where, got = f"{self._endpoint}{path}", f"{status} {message}".strip()
        if status in {401, 403}:
            todo = f"have this account allowed to use {self._service} in this project; check the project's name"
            return CloudError(f"{self._service} refused", where=where, got=got, todo=todo)
        if status == 404:
            todo = "check pipeline_options.project and pipeline_options.region"
            return CloudError(f"{self._service} does not know this", where=where, got=got, todo=todo)
        todo = "the service's own words say what; if it is busy, try again"
        return CloudError(f"{self._service} could not do it", where=where, got=got, todo=todo)


def within(seconds: float, call: Callable[[], T]) -> T:
    """Answer what `call` answers; it is left alone, and CloudError raised, where it has not ended by then.

    Only a thread of its own bounds a call whatever it is that takes long: a name server, say, knows no time limit.
    """
    answer: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(call())
        except BaseException as error:  # noqa: BLE001  it is raised where the answer is waited for
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True, name="klio-google")
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not answer:
        raise CloudError(f"no credentials for Google Cloud within {seconds:g} s", todo=f"check the network; {_LOGIN}")
    return answer[0]


def _message(answer: Any) -> str:
    try:
        told = answer.json()["error"]["message"]
    except (ValueError, LookupError, TypeError):  # a proxy's page, say
        told = answer.text
    return str(told)[:500]
