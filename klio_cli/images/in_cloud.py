"""Builds a job's image by Cloud Build, which pushes it: on a machine without a container engine, or a slow network.

What is sent is what an engine here would get: the job's directory, without what must not get into an image.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from klio_cli.images import push
from klio_cli.images.build import labels_of
from klio_cli.images.cloud_build import CloudBuild, CloudBuilds
from klio_cli.images.job_image import JobImage
from klio_cli.objects import Objects, Place
from klio_cli.terminal import Terminal
from klio_core.config import KlioConfig
from klio_core.errors import EngineError, UsageError

_BUILDER = "gcr.io/cloud-builders/docker"
_TIMEOUT_S = 3600
_PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)  # between two looks; the last one for as long as it takes
_FOLDER = "klio-images"


def build(image: JobImage, config: KlioConfig, terminal: Terminal) -> str:
    """Build and push an image, show the builder's log as it comes, and answer the image's name by digest.

    Ctrl-C and SIGTERM cancel the build. Raises UsageError where the job file does not say in which project, from which
    bucket or to which registry; EngineError where a step fails; CloudError where a service refuses.
    """
    push.check(image.name)
    project, folder = _project(config), _folder(config)
    builds = CloudBuilds(project)
    terminal.note(f"Building {image.name} by Cloud Build in {project}")
    with Objects.at(None) as objects:
        source = Place.parse(f"{folder}/{image.name.tag}.tgz")
        with _packed(image) as archive:
            generation = objects.put(archive, source)
        started = builds.submit(_asked(image, source, generation, folder))
        with _cancelled_by_interrupt(builds, started, terminal):
            ended = _followed(builds, started, Place.parse(f"{folder}/log-{started.id}.txt"), objects, terminal)
    return _named(image, ended)


def _project(config: KlioConfig) -> str:
    if not config.pipeline_options.project:
        raise UsageError("Cloud Build needs a project that pays for the build", where="pipeline_options.project")
    return config.pipeline_options.project


def _folder(config: KlioConfig) -> str:
    options = config.pipeline_options
    staging = options.staging_location or options.temp_location or ""
    if not staging.startswith("gs://"):
        raise UsageError(
            "Cloud Build needs a bucket from which it fetches the job",
            where="pipeline_options.staging_location",
            expected="gs://BUCKET/FOLDER",
            got=staging or "nothing",
        )
    return f"{staging.rstrip('/')}/{_FOLDER}/{config.job_name}"


@contextmanager
def _packed(image: JobImage) -> Iterator[IO[bytes]]:
    with image.context.tar() as plain, tempfile.TemporaryFile() as spool:
        with gzip.GzipFile(fileobj=spool, mode="wb", mtime=0) as packed:
            shutil.copyfileobj(plain, packed)
        yield spool


def _asked(image: JobImage, source: Place, generation: int, folder: str) -> dict[str, Any]:
    labels = labels_of(image.job_name, image.context)
    flags = [part for key, value in labels.items() for part in ("--label", f"{key}={value}")]
    return {
        "source": {"storageSource": {"bucket": source.bucket, "object": source.name, "generation": str(generation)}},
        "steps": [
            {
                "name": _BUILDER,
                "env": ["DOCKER_BUILDKIT=1"],
                "args": ["build", "--tag", str(image.name), *flags, "."],
            }
        ],
        "images": [str(image.name)],
        "timeout": f"{_TIMEOUT_S}s",
        "tags": ["klio"],
        "logsBucket": folder,
        "options": {"logging": "GCS_ONLY"},
    }


@contextmanager
def _cancelled_by_interrupt(builds: CloudBuilds, build: CloudBuild, terminal: Terminal) -> Iterator[None]:
    try:
        yield
    except Exception:  # an error of the build itself: it has ended, and there is nothing to cancel
        raise
    except BaseException:  # Ctrl-C or SIGTERM
        builds.cancel(build.id)
        terminal.note(f"the build is cancelled: {build.page}")
        raise


def _followed(builds: CloudBuilds, build: CloudBuild, log: Place, objects: Objects, terminal: Terminal) -> CloudBuild:
    """Look until it is over, and print the log meanwhile, each byte once."""
    pauses = iter(_PAUSES_S)
    shown, pause = 0, 0.0
    while True:
        build = builds.look(build.id)
        written = objects.rest(log, shown)  # after the look: of a build that is over, all of it
        terminal.pass_on(b"", written)
        shown += len(written)
        if build.is_over:
            return build
        pause = next(pauses, pause)
        time.sleep(pause)


def _named(image: JobImage, build: CloudBuild) -> str:
    if not build.is_good:
        raise EngineError(
            "the image could not be built",
            where=build.page,
            got=": ".join(part for part in (build.status, build.why) if part),
            todo="the log above says which step failed",
        )
    digest = build.digests.get(str(image.name))
    if digest is None:
        raise EngineError("Cloud Build told no digest of the image", where=build.page, expected=str(image.name))
    return f"{image.name.repository}@{digest}"
