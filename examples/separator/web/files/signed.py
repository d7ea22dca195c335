"""URLs by which a client reads one object of Cloud Storage itself, for some minutes."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from klio.data.gcs_client import blob_at, client

_GOOD_FOR = timedelta(minutes=15)


def signed_url(path: str, content_type: str, disposition: str) -> str | None:
    """Answer the URL of an object, with the headers that its answer is to have.

    None where nobody can sign: on the local cloud, which checks no signatures, and with credentials without a key.
    """
    if os.environ.get("STORAGE_EMULATOR_HOST") or not hasattr(_credentials(), "sign_bytes"):
        return None
    url: str = blob_at(path).generate_signed_url(
        version="v4",
        expiration=_GOOD_FOR,
        method="GET",
        response_type=content_type,
        response_disposition=disposition,
    )
    return url


def _credentials() -> Any:
    return client()._credentials  # noqa: SLF001 - there is no public way
