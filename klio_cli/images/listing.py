"""What images of a job the engine holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from klio_cli.images import engine
from klio_cli.images.name import ImageName

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

_MEGABYTE = 1_000_000
_SHOWN = 19  # of a digest: "sha256:" and 12 digits


def rows(client: DockerClient, now: ImageName) -> list[tuple[str, ...]]:
    """Answer a row for each tag: whether it is that of `now`, the tag, when it was built, its size, its digest."""
    with engine.asking("the engine does not list its images", now.repository):
        images = client.images.list(name=now.repository)
    newest = sorted(images, key=lambda image: str(image.attrs["Created"]), reverse=True)
    return [_row(image, tag, now) for image in newest for tag in sorted(image.tags) if _is_of(tag, now)]


def _is_of(tag: str, now: ImageName) -> bool:
    return tag.rpartition(":")[0] == now.repository


def _row(image: Image, tag: str, now: ImageName) -> tuple[str, ...]:
    built = str(image.attrs["Created"])[:16].replace("T", " ")
    digests = [name.rpartition("@")[2] for name in image.attrs.get("RepoDigests") or [] if _of_repository(name, now)]
    size = f"{image.attrs['Size'] / _MEGABYTE:.0f} MB"
    return ("→" if tag == str(now) else "", tag.rpartition(":")[2], built, size, (digests or [""])[0][:_SHOWN])


def _of_repository(name: str, now: ImageName) -> bool:
    return name.rpartition("@")[0] == now.repository
