"""Media in Google Cloud Storage. The only file that speaks to its client."""

from __future__ import annotations

import os
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

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
)
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from requests.adapters import HTTPAdapter

from klio.data.checksum import crc32c_of_file
from klio.data.part import part_beside
from klio.data.store import ABSENT, Committed, Generation, lost_lease
from klio_core.errors import DataError, DataNotFound

T = TypeVar("T")

LOOKERS = 16
"""How many names are looked for at the same time."""

_COMMIT_KEY = "klio-commit"
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
_LISTED = "items(name),nextPageToken"
_MAKING = threading.Lock()


@dataclass(frozen=True, slots=True)
class GcsStore:
    """Objects named `gs://bucket/name`.

    What may pass (429, 5xx, a broken connection, a wrong checksum) is tried again with growing pauses for
    `patience_s` seconds and then a DataError; a missing permission is a DataError at once, which names it.
    One client per process serves all stores and threads. STORAGE_EMULATOR_HOST names another server, which is
    asked without credentials.
    """

    patience_s: float = 60.0
    pause_s: float = 0.25
    """The first pause, in seconds. The later ones double, up to 32 times this, each with up to this much at random."""
    connect_s: float = 5.0
    silence_s: float = 30.0
    """How long a server may say nothing in the middle of an answer, in seconds."""

    def exists(self, paths: Sequence[str]) -> list[bool]:
        """Answer for each path whether there is an object; up to LOOKERS are asked for at once."""
        if len(paths) < 2:
            return [self.generation(path) != ABSENT for path in paths]
        with ThreadPoolExecutor(min(LOOKERS, len(paths)), "klio-look") as lookers:
            return [generation != ABSENT for generation in lookers.map(self.generation, paths)]

    def open(self, path: str) -> BinaryIO:
        """Fetch the object into an unnamed temporary file, check it, and open that for reading."""
        with ExitStack() as unless_fetched:
            file = unless_fetched.enter_context(tempfile.TemporaryFile(prefix="klio-"))
            self._fetch(path, file)
            unless_fetched.pop_all()
        return file

    def download(self, path: str, to: Path) -> None:
        """Fetch the object into a file; its CRC-32C must be the one that the store announced."""
        with part_beside(to) as part:
            with part.open("xb") as file:
                self._fetch(path, file)
            part.replace(to)

    def commit(self, source: Path, path: str, *, expect: Generation | None) -> Committed:
        """Upload `source`, resumably if it is large, on condition of the generation that is insisted upon.

        The object carries a mark of this very commit. So when the answer to an upload is lost and the next
        attempt meets our own object (412), that is told apart from somebody else's.
        """
        insist = self.generation(path) if expect is None else expect
        crc32c, mark = crc32c_of_file(source), uuid.uuid4().hex
        blob = self._patiently("storage.objects.create", path, lambda: self._upload(source, path, insist, crc32c, mark))
        return Committed(path, blob.size, blob.crc32c, blob.generation)

    def generation(self, path: str) -> Generation:
        """Answer the generation that Cloud Storage gave the object. Raises DataNotFound where there is no bucket."""
        blob = self._look(path)
        return ABSENT if blob is None else int(blob.generation)

    def paths(self, prefix: str) -> Iterator[str]:
        """Answer the path of every object whose path begins with `prefix`."""
        bucket, name = _parted(prefix)

        def listed() -> list[str]:
            blobs = _client().list_blobs(bucket, prefix=name, retry=None, timeout=self._timeout, fields=_LISTED)
            return [f"gs://{bucket}/{blob.name}" for blob in blobs]

        yield from self._patiently("storage.objects.list", prefix, listed)

    def delete(self, path: str) -> None:
        """Remove the object."""

        def deleted() -> None:
            try:
                _blob(path).delete(retry=None, timeout=self._timeout)
            except NotFound as error:
                if _no_bucket(error):
                    raise

        self._patiently("storage.objects.delete", path, deleted)

    @property
    def _timeout(self) -> tuple[float, float]:
        return (self.connect_s, self.silence_s)

    def _look(self, path: str) -> Any:
        def looked() -> Any:
            blob = _blob(path)
            try:
                blob.reload(retry=None, timeout=self._timeout)
            except NotFound as error:
                if _no_bucket(error):
                    raise
                return None
            return blob

        return self._patiently("storage.objects.get", path, looked)

    def _fetch(self, path: str, file: BinaryIO) -> None:
        def fetched() -> None:
            file.seek(0)
            file.truncate()
            # As stored: what the store would unpack on the way has another checksum than it announces.
            _blob(path).download_to_file(file, raw_download=True, checksum="crc32c", retry=None, timeout=self._timeout)
            file.seek(0)

        self._patiently("storage.objects.get", path, fetched)

    def _upload(self, source: Path, path: str, insist: Generation, crc32c: str, mark: str) -> Any:
        blob = _blob(path)
        blob.metadata = {_COMMIT_KEY: mark}
        try:
            blob.upload_from_filename(
                str(source),
                if_generation_match=insist,
                checksum="crc32c",
                crc32c_checksum_value=crc32c,
                retry=None,
                timeout=self._timeout,
            )
        except PreconditionFailed:
            found = self._look(path)
            if found is None or (found.metadata or {}).get(_COMMIT_KEY) != mark:
                raise lost_lease(path, insist, ABSENT if found is None else int(found.generation)) from None
            return found
        return blob

    def _patiently(self, permission: str, path: str, attempt: Callable[[], T]) -> T:
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
        except (GoogleAPICallError, OSError, *_BROKEN) as error:
            raise DataError(
                "Cloud Storage did not do what it was asked",
                where=path,
                got=f"{type(error).__name__}: {error}",
                todo="look at the state of the service and the network; the work is tried again",
            ) from error


def _may_pass(error: Exception) -> bool:
    return isinstance(error, _BROKEN) or getattr(error, "code", None) in _BUSY_STATUS


def _no_bucket(error: NotFound) -> bool:
    return "bucket does not exist" in error.message


def _missing(path: str, error: NotFound) -> DataNotFound:
    if _no_bucket(error):
        todo = "create the bucket, or correct `location` in klio-job.yaml"
        return DataNotFound("there is no such bucket", where=path, got=error.message, todo=todo)
    return DataNotFound("there is no such object", where=path, got=error.message)


def _refused(permission: str, path: str, error: GoogleAPICallError) -> DataError:
    bucket, _ = _parted(path)
    return DataError(
        f"this account lacks {permission} on the bucket {bucket}",
        where=path,
        got=error.message,
        todo=f"grant it roles/storage.objectUser on gs://{bucket}",
    )


def _no_credentials(path: str, error: GoogleAuthError) -> DataError:
    return DataError(
        "Google's client found no credentials it can use",
        where=path,
        got=str(error),
        todo="run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
    )


def _parted(path: str) -> tuple[str, str]:
    bucket, _, name = path.removeprefix("gs://").partition("/")
    if not bucket or not path.startswith("gs://"):
        raise DataError("this is no path of Cloud Storage", where=path, expected="gs://bucket/name")
    return bucket, name


def _blob(path: str) -> Any:
    bucket, name = _parted(path)
    return _client().bucket(bucket).blob(name)


def ensure_bucket(name: str, project: str) -> None:
    """Make the bucket unless it is there. Raises DataError where the service does not answer or refuses."""
    try:
        _client().create_bucket(name, project=project, timeout=30)
    except Conflict:
        return
    except (GoogleAPICallError, *_BROKEN) as error:
        raise DataError("the bucket cannot be made", where=f"gs://{name}", got=str(error)) from error


def _client() -> storage.Client:
    # A forked child must not share its parent's connections, and a test may point to another server.
    with _MAKING:
        return _made(os.getpid(), os.environ.get("STORAGE_EMULATOR_HOST"))


@cache
def _made(_pid: int, _endpoint: str | None) -> storage.Client:
    client = storage.Client(project=None)  # objects are named by their bucket alone
    connections = HTTPAdapter(pool_connections=2, pool_maxsize=2 * LOOKERS)
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, connections)  # noqa: SLF001  the way Google documents for larger pools
    # For its traces, the client asks for the bucket in a thread of its own, again for every object that is not found:
    # twice the requests, and with a permission on the bucket that a job needs for nothing else.
    client._bucket_metadata_cache = None  # noqa: SLF001  there is no public way but a variable of the environment
    return client
