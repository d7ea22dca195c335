"""job-requirements.txt: what is in it, what has no version, and what cannot be installed together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

NAME = "job-requirements.txt"
_COMMENT = re.compile(r"(^|\s)#.*$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line that asks for a package: its number, from 1, its text, and what pip reads in it."""

    line: int
    text: str
    asked: Requirement

    @property
    def name(self) -> str:
        """The name as all its spellings are compared: `apache-beam` for `Apache_Beam`."""
        return canonicalize_name(self.asked.name)

    @property
    def version(self) -> str | None:
        """The one version that it may be, None where it may be others."""
        exact = [one.version for one in self.asked.specifier if one.operator in ("==", "===")]
        return exact[0] if len(exact) == 1 and not exact[0].endswith("*") else None


@dataclass(frozen=True, slots=True)
class Clash:
    """Two wishes that no installation fulfils: at a line, and why."""

    line: int
    what: str


def wanted(root: Path) -> list[Wanted]:
    """Read the packages that a job asks for: none where there is no file. Paths, URLs and pip's options are left out.

    The rules are those of PEP 508 and of pip's requirements files.
    """
    path = root / NAME
    return list(_wanted(path.read_text().splitlines())) if path.is_file() else []


def _wanted(lines: Sequence[str]) -> Iterator[Wanted]:
    for number, line in enumerate(lines, start=1):
        text = _COMMENT.sub("", line).split(" --")[0].rstrip("\\ \t").strip()
        if not text or text.startswith("-"):
            continue
        try:
            yield Wanted(number, text, Requirement(text))
        except InvalidRequirement:
            continue  # a path or a bare URL, which pip takes; or nonsense, which pip tells better


def loose(given: Sequence[Wanted]) -> list[Wanted]:
    """Answer those that leave their version to the day on which the image is built."""
    return [one for one in given if one.version is None and one.asked.url is None]


def clashes(given: Sequence[Wanted]) -> Iterator[Clash]:
    """Yield what clashes: a package with two versions, or with one that another package of the list does not take.

    What a package takes is known where it is installed here, in the version that is asked for.
    """
    first: dict[str, Wanted] = {}
    for one in given:
        before = first.setdefault(one.name, one)
        if before.version and one.version and before.version != one.version:
            yield Clash(one.line, f"{one.text}, but line {before.line} says {before.text}")
    for one in given:
        for needed in _needs(one):
            other = first.get(canonicalize_name(needed.name))
            if other and other.version and not needed.specifier.contains(other.version, prereleases=True):
                yield Clash(other.line, f"{other.text}, but {one.text} needs {needed.name}{needed.specifier}")


def _needs(one: Wanted) -> Iterator[Requirement]:
    try:
        there = metadata.distribution(one.name)
    except metadata.PackageNotFoundError:
        return
    if one.version not in (None, there.version):
        return
    for text in there.requires or ():
        needed = Requirement(text)
        extras = one.asked.extras or {""}
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
            yield needed
