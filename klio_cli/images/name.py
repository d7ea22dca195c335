"""What a job's image is called: its repository, and a tag that changes with all that is in it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_KEY = "pipeline_options.sdk_container_image"


@dataclass(frozen=True, slots=True)
class ImageName:
    """A repository and a tag; `chosen` says that a person chose the tag, so that it does not tell what is inside."""

    repository: str
    tag: str
    chosen: bool = False

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"

    @property
    def has_registry(self) -> bool:
        """Whether the repository says where the image is pushed to."""
        return "/" in self.repository


def name_of(config: KlioConfig, tag: str | None, job_dir: Path, digest: str) -> ImageName:
    """Answer the image of a job whose build context has that digest.

    The tag is the one given, else the one in the job file, else the last commit of the job's directory (where it is in
    git) and the digest. Raises UsageError for what is no tag.
    """
    repository, written = _parts(config.pipeline_options.sdk_container_image or f"klio-{config.job_name}")
    chosen = tag or written
    if chosen is not None:
        return ImageName(repository, _checked(chosen), chosen=True)
    commit = _commit(job_dir)
    return ImageName(repository, f"{commit}-{digest}" if commit else digest)


def _parts(image: str) -> tuple[str, str | None]:
    if "@" in image:
        todo = "write the repository; klio adds the tag"
        raise UsageError("an image that is named by its digest cannot be built", where=_KEY, got=image, todo=todo)
    head, colon, tag = image.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (image, None)


def _checked(tag: str) -> str:
    if not _TAG.fullmatch(tag):
        expected = "letters, digits, _ . -, at most 128, no . or - first"
        raise UsageError("not a tag of an image", expected=expected, got=repr(tag))
    return tag


def _commit(job_dir: Path) -> str | None:
    """Answer the last commit that touched the directory; other jobs of the same repository do not change our tag."""
    command = ["git", "-C", str(job_dir), "log", "-1", "--format=%h", "--abbrev=8", "--", "."]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
