"""job-requirements.txt: each package in the version that is in use here."""

from __future__ import annotations

import re
from importlib import metadata

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(?P<extras>\[[^]]*\])?==(?P<version>\S+)", re.MULTILINE)


def as_installed(text: str) -> str:
    """Answer the requirements with the versions that are installed; what is not installed keeps the one it has."""
    return _PINNED.sub(_here, text)


def _here(found: re.Match[str]) -> str:
    try:
        version = metadata.version(found["name"]).partition("+")[0]  # of a local build, an index has the version
    except metadata.PackageNotFoundError:
        version = found["version"]
    return f"{found['name']}{found['extras'] or ''}=={version}"
