"""What the job's image is made of: its requirements, and the Beam in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from klio_cli import requirements
from klio_cli.requirements import Wanted
from klio_core.errors import KlioError
from klio_core.finding import Finding, Grade
from klio_core.invocation import Invocation

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S*apache/beam_python[\d.]+_sdk:(\S+))", re.MULTILINE | re.IGNORECASE)


def findings(job: Invocation) -> Iterator[Finding]:
    """Look at job-requirements.txt, at Dockerfile, for keys, and at the image that an engine has, where one answers."""
    root = job.job_dir
    yield from _requirements(root)
    yield from _dockerfile(root)
    yield from _keys(root)
    yield from _drift(job)


def _requirements(root: Path) -> Iterator[Finding]:
    if not (root / requirements.NAME).is_file():
        return
    given = requirements.wanted(root)
    if loose := requirements.loose(given):
        what = f"{requirements.NAME}: not pinned: {', '.join(one.text for one in loose)}"
        yield Finding(Grade.FAULT, what, "write the version with ==, so that tomorrow's image is today's")
    else:
        yield Finding(Grade.FINE, f"{requirements.NAME}: all pinned")
    for clash in requirements.clashes(given):
        yield Finding(Grade.FAULT, f"{requirements.NAME}:{clash.line}: {clash.what}", "choose versions that fit")
    yield from _beam(root, given)


def _beam(root: Path, given: Sequence[Wanted]) -> Iterator[Finding]:
    version = next((one.version for one in given if one.name == "apache-beam"), None)
    base = _base(root)
    if version and base and version != base[1]:
        todo = f"leave apache-beam out: the image has it; or FROM {base[0].removesuffix(base[1])}{version}"
        what = f"{requirements.NAME}: apache-beam {version}, but the Dockerfile begins with Beam {base[1]}"
        yield Finding(Grade.FAULT, what, todo)


def _base(root: Path) -> tuple[str, str] | None:
    """Answer the image of Beam that the Dockerfile begins with, and which Beam that is."""
    path = root / "Dockerfile"
    found = _FROM.search(path.read_text()) if path.is_file() else None
    return (found[1], found[2]) if found else None


def _dockerfile(root: Path) -> Iterator[Finding]:
    base = _base(root)
    if base is None:
        return
    image, in_image = base
    try:
        here = metadata.version("apache-beam")
    except metadata.PackageNotFoundError:
        return
    if in_image == here:
        yield Finding(Grade.FINE, f"Dockerfile: Beam {here}, as installed here")
    else:
        todo = f"FROM {image.removesuffix(in_image)}{here}, or install apache-beam=={in_image} here"
        yield Finding(Grade.FAULT, f"Dockerfile: Beam {in_image}, but {here} is installed here", todo)


def _keys(root: Path) -> Iterator[Finding]:
    from klio_cli.images.context import KEY_ADVICE, KEY_INSIDE, keys_in

    for path in keys_in(root):
        yield Finding(Grade.FAULT, f"{path.relative_to(root)}: {KEY_INSIDE}", KEY_ADVICE)


def _drift(job: Invocation) -> Iterator[Finding]:
    """Look whether a tag that a person chose is still what the job is now; klio's own tags cannot be anything else."""
    from klio_cli.images import engine
    from klio_cli.images.job_image import JobImage

    try:
        image = JobImage.of(job)
        if not image.name.chosen:
            return
        with engine.connected() as client:
            is_another = image.is_another(client)
    except KlioError:
        return  # the job file is not to be used, as is said above; or there is no engine, which is no fault
    if is_another is None:
        yield Finding(Grade.WARNING, f"the engine has no image {image.name}", "`klio image build` builds it")
    elif is_another:
        todo = "`klio image build --force-build` builds it again"
        yield Finding(Grade.WARNING, f"{image.name} was not built from the job as it is now", todo)
    else:
        yield Finding(Grade.FINE, f"{image.name} is the job as it is now")
