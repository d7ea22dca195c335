"""The labels by which a job on Dataflow says what it was made of, and by whom. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

_WORDS = re.compile(r"[A-Za-z0-9_-]+")
_MOST = 63  # characters, as Google Cloud takes them
_FROM_THE_ENVIRONMENT = {
    "build_id": "BUILD_ID",
    "organization": "ORGANIZATION",
    "repo": "REPOSITORY",
    "branch": "BRANCH_NAME",
    "commit_sha": "COMMIT_SHA",
    "klio-cli": "KLIO_CLI_VERSION",
}


def labels(given: Sequence[str], version: str, environ: Mapping[str, str]) -> list[str]:
    """Answer the labels `key=value` of a launch: those that the job file gives, as they are, and klio's own.

    klio's are the versions of what ran, what a build server says of the build, and who launched it.
    """
    return [*given, *(f"{key}={clean(value)}" for key, value in _own(version, environ))]


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Answer the variables of `environ` that labels are made of."""
    return {name: environ[name] for name in ("USER", "CI", *_FROM_THE_ENVIRONMENT.values()) if environ.get(name)}


def clean(value: str) -> str:
    """Answer a value as Google Cloud takes it: lower case, letters, digits, `-` and `_`, 63 of them at most."""
    return "-".join(_WORDS.findall(value))[:_MOST].lower()


def _own(version: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    # Three names for one version: klio 22.3 came in three parts, and people filter by each.
    yield from ((part, version) for part in ("klio-exec", "klio-core", "klio"))
    yield from ((key, environ[name]) for key, name in _FROM_THE_ENVIRONMENT.items() if environ.get(name))
    deployed_by = "ci" if environ.get("CI", "").lower() == "true" else environ.get("USER", "")
    if deployed_by:
        yield "deployed_by", deployed_by
