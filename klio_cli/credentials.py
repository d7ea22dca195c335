"""What to say where Google's clients find no credentials."""

from __future__ import annotations

from klio_core.errors import CloudError


def no_credentials(error: Exception) -> CloudError:
    """Answer the error that says how to get some."""
    return CloudError(
        "no credentials for Google Cloud",
        got=str(error).splitlines()[0],
        todo="`gcloud auth application-default login`, or --local for the cloud on this machine",
    )
