"""What the job's image is made of: its requirements, and the Beam in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from klio_cli.verify.finding import Finding, Grade
from klio_core.errors import KlioError
from klio_core.invocation import Invocation

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S*apache/beam_python[\d.]+_sdk:(\S+))", re.MULTILINE | re.IGNORECASE)
_BEAM = re.compile(r"apache[-_.]beam(?:\[[^]]*\])?\s*==\s*([\w.]+)", re.IGNORECASE)


def findings(job: Invocation) -> Iterator[Finding]:
    """Look at job-requirements.txt, at Dockerfile, and, where there is an engine, at the image that it has."""
    root = job.job_dir
    yield from _requirements(root)
    yield from _dockerfile(root)
    yield from _drift(job)


def _requirements(root: Path) -> Iterator[Finding]:
    path = root / "job-requirements.txt"
    if not path.is_file():
        return
    lines = [line.split(" #")[0].strip() for line in path.read_text().splitlines()]
    loose = [line for line in lines if line and not line.startswith(("#", "-")) and not _pinned(line)]
    if loose:
        todo = "write the version with ==, so that tomorrow's image is today's"
        yield Finding(Grade.FAULT, f"job-requirements.txt: not pinned: {', '.join(loose)}", todo)
    else:
        yield Finding(Grade.FINE, "job-requirements.txt: all pinned")
    wanted = next((found[1] for line in lines if (found := _BEAM.match(line))), None)
    base = _base(root)
    if wanted and base and wanted != base[1]:
        todo = f"leave apache-beam out: the image has it; or FROM {base[0].removesuffix(base[1])}{wanted}"
        what = f"job-requirements.txt: apache-beam {wanted}, but the Dockerfile begins with Beam {base[1]}"
        yield Finding(Grade.FAULT, what, todo)


def _pinned(requirement: str) -> bool:
    return "==" in requirement or " @ " in requirement


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
