"""Google credentials for a container: a file of this machine, handed in by a mount and in no other way."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from klio_cli.places import Mount
from klio_core.errors import UsageError

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
INSIDE = "/run/klio/credentials.json"


def mount(environ: Mapping[str, str]) -> Mount | None:
    """Answer the mount of the file that GOOGLE_APPLICATION_CREDENTIALS names, else of gcloud's, None without either.

    Raises UsageError where the variable names a file that is not there or cannot be read.
    """
    named = environ.get(VARIABLE)
    path = Path(named) if named else _gclouds(environ)
    if named and not (path.is_file() and os.access(path, os.R_OK)):
        raise UsageError(
            "there is no credentials file that can be read",
            where=f"{VARIABLE}={named}",
            todo=f"name the right file, or unset {VARIABLE} and run `gcloud auth application-default login`",
        )
    return Mount(path.resolve(), INSIDE) if path.is_file() else None


def _gclouds(environ: Mapping[str, str]) -> Path:
    """Answer where `gcloud auth application-default login` writes: as Google's own clients look for it."""
    directory = environ.get("CLOUDSDK_CONFIG") or f"{environ.get('HOME', '')}/.config/gcloud"
    return Path(directory) / "application_default_credentials.json"
