"""The connection of this process to Cloud Storage, and the patience with which each request is made."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

import requests
import stamina
import urllib3
from google.api_core.exceptions import (
    Conflict,
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    Unauthorized,
    from_http_response,
)
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from requests.adapters import HTTPAdapter

from klio.data.disk_full import disk_full
from klio_core.errors import DataCorrupted, DataError, DataNotFound

T = TypeVar("T")

CONNECTIONS = 128
"""How many requests of one process are on their way at the same time."""

_BUSY_STATUS = frozenset({408, 429, 500, 502, 503, 504})  # "Retry strategy" in the documentation of Cloud Storage
_BROKEN = (
    ConnectionError,
    DataCorruption,
    TransportError,
    urllib3.exceptions.HTTPError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
_MAKING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what may pass: 429, 5xx, a broken connection, a wrong checksum.

    It is tried again with growing pauses for `patience_s` seconds. A missing permission or bucket is an error at once.
    """

    patience_s: float = 60.0
    pause_s: float = 0.25
    """The first pause, in seconds. The later ones double, up to 32 times this, each with up to this much at random."""
    connect_s: float = 5.0
    silence_s: float = 30.0
    """How long a server may say nothing in the middle of an answer, in seconds."""

    @property
    def timeout(self) -> tuple[float, float]:
        """What each request is given: to connect, and between two pieces of the answer."""
        return (self.connect_s, self.silence_s)

    def of(self, permission: str, path: str, attempt: Callable[[], T]) -> T:
        """Answer what `attempt` answers in the end. Raises DataError, with the permission where that is missing."""
        caller = stamina.RetryingCaller(
            attempts=None,
            timeout=self.patience_s,
            wait_initial=self.pause_s,
            wait_max=32 * self.pause_s,
            wait_jitter=self.pause_s,
        )
        try:
            return caller(_may_pass, attempt)
        except NotFound as error:
            raise _missing(path, error) from error
        except (Forbidden, Unauthorized) as error:
            raise _refused(permission, path, error) from error
        except GoogleAuthError as error:
            raise _no_credentials(path, error) from error
        except DataCorruption as error:
            raise _corrupted(path, error) from error
        except (GoogleAPICallError, OSError, *_BROKEN) as error:
            raise disk_full(error) or DataError(
                "Cloud Storage did not do what it was asked",
                where=path,
                got=f"{type(error).__name__}: {error}",
                todo="look at the state of the service and the network; the work is tried again",
            ) from error


def no_bucket(error: NotFound) -> bool:
    """Whether it is the bucket that is not there."""
    return "bucket does not exist" in error.message


def parted(path: str) -> tuple[str, str]:
    """Answer the bucket and the object's name. Raises DataError for what is no path of Cloud Storage."""
    bucket, _, name = path.removeprefix("gs://").partition("/")
    if not bucket or not path.startswith("gs://"):
        raise DataError("this is no path of Cloud Storage", where=path, expected="gs://bucket/name")
    return bucket, name


def address_of(bucket: str, name: str) -> str:
    """Answer where the JSON API has an object, below its version."""
    return f"/b/{bucket}/o/{quote(name, safe='~')}"


def asked(address: str, query: dict[str, Any], timeout: tuple[float, float]) -> dict[str, Any]:
    """Answer what the JSON API answers to a GET. Raises the errors of Google's client."""
    line = client()._connection  # noqa: SLF001  objects of its public API cost three times the time
    answer: dict[str, Any] = line.api_request(method="GET", path=address, query_params=query, timeout=timeout)
    return answer


def posted(address: str, body: bytes, kind: str, timeout: tuple[float, float]) -> requests.Response:
    """Answer the response to a POST. Raises the errors of Google's client for what may pass, and no others."""
    line = client()._connection  # noqa: SLF001  its public API packs requests, too, and takes twice the time
    url, headers = f"{line.API_BASE_URL}{address}", {"Content-Type": kind}
    session: requests.Session = client()._http  # noqa: SLF001  it adds the credentials
    response = session.post(url, body, headers=headers, timeout=timeout)
    if response.status_code in _BUSY_STATUS:
        raise from_http_response(response)
    return response


def noted(path: str, generation: int, said: dict[str, str], timeout: tuple[float, float]) -> None:
    """Add to the custom metadata of an object, unless it is another one by now, or gone.

    What is there already stays, but for the same keys. Raises the errors of Google's client.
    """
    blob = blob_at(path)
    blob.metadata = said
    with suppress(NotFound, PreconditionFailed):
        blob.patch(if_generation_match=generation, retry=None, timeout=timeout)


def blob_at(path: str) -> Any:
    """Answer what Google's client has for an object. Nothing is asked yet."""
    bucket, name = parted(path)
    return client().bucket(bucket).blob(name)


def ensure_bucket(name: str, project: str) -> None:
    """Make the bucket unless it is there. Raises DataError where the service does not answer or refuses."""
    try:
        client().create_bucket(name, project=project, timeout=30)
    except Conflict:
        return
    except (GoogleAPICallError, *_BROKEN) as error:
        raise DataError("the bucket cannot be made", where=f"gs://{name}", got=str(error)) from error


def client() -> storage.Client:
    """Answer the client of this process, for all stores and threads."""
    # A forked child must not share its parent's connections, and a test may point to another server.
    with _MAKING:
        return _made(os.getpid(), os.environ.get("STORAGE_EMULATOR_HOST"))


@cache
def _made(_pid: int, _endpoint: str | None) -> storage.Client:
    made = storage.Client(project=None)  # objects are named by their bucket alone
    connections = HTTPAdapter(pool_connections=2, pool_maxsize=CONNECTIONS)
    for scheme in ("https://", "http://"):
        made._http.mount(scheme, connections)  # noqa: SLF001  the way Google documents for larger pools
    # For its traces, the client asks for the bucket in a thread of its own, again for every object that is not found:
    # twice the requests, and with a permission on the bucket that a job needs for nothing else.
    made._bucket_metadata_cache = None  # noqa: SLF001  there is no public way but a variable of the environment
    return made


def _may_pass(error: Exception) -> bool:
    return isinstance(error, _BROKEN) or getattr(error, "code", None) in _BUSY_STATUS


def _missing(path: str, error: NotFound) -> DataNotFound:
    if no_bucket(error):
        todo = "create the bucket, or correct `location` in klio-job.yaml"
        return DataNotFound("there is no such bucket", where=path, got=error.message, todo=todo)
    return DataNotFound("there is no such object", where=path, got=error.message)


def _refused(permission: str, path: str, error: GoogleAPICallError) -> DataError:
    bucket, _ = parted(path)
    account = _account()
    return DataError(
        f"{account or 'this account'} lacks {permission} on the bucket {bucket}",
        where=path,
        got=error.message,
        todo=f"grant {account or 'it'} roles/storage.objectUser on gs://{bucket}",
    )


def _account() -> str:
    """Answer who this process is to Google, empty where its credentials do not say."""
    credentials = client()._credentials  # noqa: SLF001  there is no public way
    names = (getattr(credentials, name, None) for name in ("service_account_email", "account"))
    return next((name for name in names if name and name != "default"), "")


def _no_credentials(path: str, error: GoogleAuthError) -> DataError:
    return DataError(
        "Google's client found no credentials it can use",
        where=path,
        got=str(error),
        todo="run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
    )


def _corrupted(path: str, error: DataCorruption) -> DataCorrupted:
    return DataCorrupted(
        "what arrived has another checksum than the store announced, again and again",
        where=path,
        got=str(error),
        todo="compare `gcloud storage objects describe` with the file that was meant, and write it again",
    )
