"""Cloud Storage, or the local object store, as the hand needs it. Only here is Google's storage client loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from klio_cli.credentials import no_credentials
from klio_core.errors import CloudError, DataNotFound, EngineError, UsageError
from klio_core.names import LOCAL_PROJECT

_SCHEME = "gs://"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """An object, or all objects whose names begin so: gs://BUCKET/NAME."""

    bucket: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Place:
        """Take gs://BUCKET/NAME apart. Raises UsageError for anything else."""
        bucket, _, name = text.removeprefix(_SCHEME).partition("/")
        if not is_place(text) or not bucket:
            raise UsageError("not a place in the object store", expected="gs://BUCKET/NAME", got=repr(text))
        return cls(bucket, name)

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.name}"

    @property
    def is_folder(self) -> bool:
        """Whether it stands for what is under it."""
        return self.name == "" or self.name.endswith("/")


def is_place(text: str) -> bool:
    """Whether `text` means the object store, and not this machine's files."""
    return text.startswith(_SCHEME)


class Objects:
    """One connection to an object store. Raises CloudError where it does not answer."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    @contextmanager
    def at(cls, url: str | None) -> Iterator[Objects]:
        """Open the object store at `url` (the local cloud), or, where that is None, wherever the environment says.

        Raises EngineError where Google's client is not installed, CloudError where there are no credentials.
        """
        try:
            from google.api_core.exceptions import GoogleAPIError
            from google.auth import exceptions as auth_errors
            from google.auth.credentials import AnonymousCredentials
            from google.cloud import storage
            from requests import RequestException
        except ImportError as error:
            raise EngineError(
                "google-cloud-storage is not installed", got=str(error), todo="pip install 'klio[exec]'"
            ) from error
        here = {"credentials": AnonymousCredentials(), "client_options": {"api_endpoint": url}} if url else {}
        try:
            with closing(storage.Client(project=LOCAL_PROJECT if url else None, **here)) as client:
                yield cls(client)
        except auth_errors.DefaultCredentialsError as error:
            raise no_credentials(error) from error
        except (GoogleAPIError, auth_errors.GoogleAuthError, RequestException) as error:
            if url is None:
                raise CloudError("Cloud Storage did not do it", got=str(error)) from error
            raise CloudError(
                "the local object store did not do it", where=url, got=str(error), todo="klio local status"
            ) from error

    def buckets(self) -> list[str]:
        """Answer the names of all buckets."""
        return [bucket.name for bucket in self._client.list_buckets(retry=None, timeout=_SECONDS)]

    def has(self, bucket: str) -> bool:
        """Whether there is such a bucket."""
        with _speaking_about(bucket):
            return self._found(bucket) is not None

    def allowed(self, bucket: str, permissions: Sequence[str]) -> set[str]:
        """Answer which of these permissions this account has for a bucket."""
        with _speaking_about(bucket):
            found = self._client.bucket(bucket).test_iam_permissions(list(permissions), timeout=_SECONDS, retry=None)
        return set(found)

    def make_bucket(self, name: str, location: str) -> None:
        """Create a bucket that nobody can make public by mistake: one rule for all of it, and no public access."""
        bucket = self._client.bucket(name)
        bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        bucket.iam_configuration.public_access_prevention = "enforced"
        with _speaking_about(name):
            bucket.create(location=location, retry=None, timeout=_SECONDS)

    def files(self, under: Place) -> list[tuple[Place, int]]:
        """Answer the objects whose names begin with that of `under`, and their sizes in bytes."""
        self._require(under.bucket)
        found = self._client.list_blobs(under.bucket, prefix=under.name, retry=None, timeout=_SECONDS)
        return [(Place(under.bucket, blob.name), blob.size) for blob in found]

    def dated(self, under: Place) -> list[tuple[Place, datetime]]:
        """Answer the objects whose names begin with that of `under`, and when each was made."""
        self._require(under.bucket)
        found = self._client.list_blobs(under.bucket, prefix=under.name, retry=None, timeout=_SECONDS)
        return [(Place(under.bucket, blob.name), blob.time_created) for blob in found]

    def read(self, place: Place) -> tuple[bytes, int]:
        """Answer an object and its generation."""
        blob = self._client.bucket(place.bucket).blob(place.name)
        return blob.download_as_bytes(retry=None, timeout=_SECONDS), int(blob.generation)

    def rest(self, place: Place, start: int) -> bytes:
        """Answer what an object that grows holds from a byte on: nothing where it has not come so far, or is not."""
        from google.api_core.exceptions import NotFound, RequestRangeNotSatisfiable

        blob = self._client.bucket(place.bucket).blob(place.name)
        with _speaking_about(place.bucket), suppress(NotFound, RequestRangeNotSatisfiable):
            return bytes(blob.download_as_bytes(start=start, retry=None, timeout=_SECONDS))
        return b""

    def put(self, source: IO[bytes], place: Place) -> int:
        """Upload a file from its beginning, and answer the object's generation."""
        blob = self._client.bucket(place.bucket).blob(place.name)
        with _speaking_about(place.bucket):
            blob.upload_from_file(source, rewind=True, retry=None, timeout=_SECONDS)
        return int(blob.generation)

    def delete(self, place: Place, generation: int) -> None:
        """Remove an object, unless there is another generation of it by now, or none."""
        from google.api_core.exceptions import NotFound, PreconditionFailed

        blob = self._client.bucket(place.bucket).blob(place.name)
        with suppress(NotFound, PreconditionFailed):
            blob.delete(if_generation_match=generation, retry=None, timeout=_SECONDS)

    def copy_in(self, sources: Iterable[str], target: str) -> Iterator[tuple[Path, Place]]:
        """Upload files; each pair is yielded when its copy is whole. Raises UsageError for what is no file."""
        to = Place.parse(target)
        paths = [Path(source) for source in sources]
        _check_files(paths)
        _check_one_target(len(paths), target, is_folder=to.is_folder)
        bucket = self._found(to.bucket) or self._client.create_bucket(to.bucket, retry=None, timeout=_SECONDS)
        for path in paths:
            place = Place(to.bucket, to.name + path.name) if to.is_folder else to
            bucket.blob(place.name).upload_from_filename(path, retry=None, timeout=_SECONDS)
            yield path, place

    def copy_out(self, sources: Iterable[str], target: str) -> Iterator[tuple[Place, Path]]:
        """Download objects; a source that ends with / means everything under it. Raises DataNotFound for nothing."""
        places = [found for source in sources for found in self._expand(Place.parse(source))]
        to = Path(target)
        into = target.endswith("/") or to.is_dir()
        _check_one_target(len(places), target, is_folder=into)
        for place, below in places:
            path = to / below if into else to
            _check_stays_in(to, path)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._client.bucket(place.bucket).blob(place.name).download_to_filename(path, retry=None, timeout=_SECONDS)
            yield place, path

    def _expand(self, source: Place) -> list[tuple[Place, str]]:
        """Answer the objects of one source, each with its name below the source."""
        found = [place for place, _ in self.files(source) if source.is_folder or place == source]
        if not found:
            raise DataNotFound("there is nothing at the path", where=str(source), todo="`klio local ls` lists all")
        folder = len(source.name) if source.is_folder else source.name.rfind("/") + 1
        return [(place, place.name[folder:]) for place in found]

    def _require(self, bucket: str) -> None:
        if self._found(bucket) is None:
            raise DataNotFound("there is no such bucket", where=f"{_SCHEME}{bucket}/", todo="`klio local ls` lists all")

    def _found(self, bucket: str) -> Any:
        return self._client.lookup_bucket(bucket, retry=None, timeout=_SECONDS)


@contextmanager
def _speaking_about(bucket: str) -> Iterator[None]:
    """Turn what Google's client raises into a CloudError that names the bucket."""
    from google.api_core.exceptions import Forbidden, GoogleAPIError

    try:
        yield
    except Forbidden as error:
        todo = "ask for the permission; if the bucket is not yours, its name is taken: choose another"
        raise CloudError("Cloud Storage refused", where=f"{_SCHEME}{bucket}", got=error.message, todo=todo) from error
    except GoogleAPIError as error:
        raise CloudError("Cloud Storage did not do it", where=f"{_SCHEME}{bucket}", got=str(error)) from error


def _check_stays_in(folder: Path, path: Path) -> None:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError("an object's name leads out of the directory", where=str(path), todo="copy it on its own")


def _check_files(paths: Iterable[Path]) -> None:
    for path in paths:
        if not path.is_file():
            raise UsageError("there is no such file", where=str(path))


def _check_one_target(sources: int, target: str, *, is_folder: bool) -> None:
    if sources > 1 and not is_folder:
        raise UsageError(f"{sources} files cannot become one", where=target, todo=f"write {target}/")
