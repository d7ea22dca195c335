"""Media in Google Cloud Storage."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from google.api_core.exceptions import NotFound, PreconditionFailed

from klio.data.checksum import crc32c_of_file
from klio.data.gcs_client import Patience, blob_at, client, no_bucket, parted
from klio.data.gcs_looks import Looks, Resource
from klio.data.part import part_beside
from klio.data.store import ABSENT, Committed, Generation, lost_lease

_COMMIT_KEY = "klio-commit"
_CHECKSUM_KEY = "klio-crc32c"
_LISTED = "items(name),nextPageToken"


@dataclass(frozen=True, slots=True)
class GcsStore:
    """Objects named `gs://bucket/name`.

    What may pass (429, 5xx, a broken connection, a wrong checksum) is tried again as `patience` says, and then a
    DataError; a missing permission is a DataError at once, which names it. One client per process serves all stores
    and threads. STORAGE_EMULATOR_HOST names another server, which is asked without credentials.
    """

    patience: Patience = field(default_factory=Patience)

    def exists(self, paths: Sequence[str]) -> list[bool]:
        """Answer for each path whether there is an object; all are asked for together."""
        found = Looks(self.patience).many(paths)
        return [path in found for path in paths]

    def intact(self, paths: Sequence[str]) -> list[bool]:
        """Answer for each path whether there is an object that is not empty, with the checksum that klio gave it."""
        found = Looks(self.patience, "name,size,crc32c,metadata").many(paths)
        return [path in found and _intact(found[path]) for path in paths]

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
            with part.open("wb") as file:
                self._fetch(path, file)
            part.replace(to)

    def commit(self, source: Path, path: str, *, expect: Generation | None) -> Committed:
        """Upload `source`, resumably if it is large, on condition of the generation that is insisted upon.

        The object carries a mark of this very commit. So when the answer to an upload is lost and the next
        attempt meets our own object (412), that is told apart from somebody else's.
        """
        insist = self.generation(path) if expect is None else expect
        crc32c = crc32c_of_file(source)
        said = {_COMMIT_KEY: uuid.uuid4().hex, _CHECKSUM_KEY: crc32c}
        upload = partial(self._upload, source, path, insist, said)
        return self.patience.of("storage.objects.create", path, upload)

    def generation(self, path: str) -> Generation:
        """Answer the generation that Cloud Storage gave the object. Raises DataNotFound where there is no bucket."""
        found = self._look(path)
        return ABSENT if found is None else int(found["generation"])

    def paths(self, prefix: str) -> Iterator[str]:
        """Answer the path of every object whose path begins with `prefix`."""
        bucket, name = parted(prefix)

        def listed() -> list[str]:
            timeout = self.patience.timeout
            blobs = client().list_blobs(bucket, prefix=name, retry=None, timeout=timeout, fields=_LISTED)
            return [f"gs://{bucket}/{blob.name}" for blob in blobs]

        yield from self.patience.of("storage.objects.list", prefix, listed)

    def delete(self, path: str) -> None:
        """Remove the object."""

        def deleted() -> None:
            try:
                blob_at(path).delete(retry=None, timeout=self.patience.timeout)
            except NotFound as error:
                if no_bucket(error):
                    raise

        self.patience.of("storage.objects.delete", path, deleted)

    def _look(self, path: str) -> Resource | None:
        return Looks(self.patience, "name,generation,size,crc32c,metadata").one(path)

    def _fetch(self, path: str, file: BinaryIO) -> None:
        def fetched() -> None:
            file.seek(0)
            file.truncate()
            # As stored: what the store would unpack on the way has another checksum than it announces.
            whole = {"raw_download": True, "checksum": "crc32c", "retry": None, "timeout": self.patience.timeout}
            blob_at(path).download_to_file(file, **whole)
            file.seek(0)

        self.patience.of("storage.objects.get", path, fetched)

    def _upload(self, source: Path, path: str, insist: Generation, said: dict[str, str]) -> Committed:
        blob = blob_at(path)
        blob.metadata = said
        try:
            blob.upload_from_filename(
                str(source),
                if_generation_match=insist,
                checksum="crc32c",
                crc32c_checksum_value=said[_CHECKSUM_KEY],
                retry=None,
                timeout=self.patience.timeout,
            )
        except PreconditionFailed:
            return self._recognised(path, insist, said)
        return Committed(path, blob.size, blob.crc32c, blob.generation)

    def _recognised(self, path: str, insist: Generation, said: dict[str, str]) -> Committed:
        """Answer the object that stands in the way, if it is our own. Raises LostLease."""
        found = self._look(path)
        if found is None or found.get("metadata", {}).get(_COMMIT_KEY) != said[_COMMIT_KEY]:
            raise lost_lease(path, insist, ABSENT if found is None else int(found["generation"])) from None
        return Committed(path, int(found["size"]), found["crc32c"], int(found["generation"]))


def _intact(found: Resource) -> bool:
    recorded = found.get("metadata", {}).get(_CHECKSUM_KEY)
    return int(found["size"]) > 0 and recorded in {None, found["crc32c"]}
