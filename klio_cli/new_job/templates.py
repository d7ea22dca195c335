"""The kinds of new jobs, and the texts that each is made of: files of templates/, or a whole example of klio's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePath
from string import Template

from klio_core.names import LOCAL_PROJECT

_SUFFIX = ".tmpl"
_JOB_FILE = "klio-job.yaml"
_SCHEMA_LINE = "# yaml-language-server: $schema=.klio-job.schema.json\n"
# What shows an example off, and is no part of its job.
_SHOWS = {"demo.py", "picture.py", "vanilla_beam.py"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: the directories of templates that it is made of, then an example, each before the earlier ones.

    An example is a directory below examples/, whose last part is the name of its job.
    """

    job_type: str
    layers: tuple[str, ...]
    example: str = ""
    runner: str = "DirectRunner"


KINDS = {
    "streaming": Kind("streaming", ("shared", "streaming")),
    "batch": Kind("batch", ("shared", "batch")),
    "automixer": Kind("streaming", ("shared",), example="automixer"),
    "separator": Kind("streaming", ("shared",), example="separator/separate"),
    "kubernetes": Kind("streaming", ("shared", "streaming", "kubernetes"), runner="DirectGKERunner"),
}


def texts_of(kind: Kind, more: tuple[str, ...], values: Mapping[str, str]) -> dict[str, str]:
    """Answer the text of each file by its name; `more` are further directories of templates."""
    found = {name: text for layer in (*kind.layers, *more) for name, text in _below(_templates() / layer)}
    texts = {name: Template(text).substitute(values) for name, text in found.items()}
    if kind.example:
        texts |= {file.name: _renamed(file, kind.example, values) for file in _of_example(kind.example)}
    return texts


def _templates() -> Traversable:
    return files("klio_cli") / "templates"


def _below(directory: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name of each template in a directory, with the directories that it is in, and its text."""
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{above}{entry.name}/")
        else:
            yield f"{above}{entry.name.removesuffix(_SUFFIX)}", entry.read_text()


def _of_example(name: str) -> Iterator[Traversable]:
    installed = _templates() / PurePath(name).name
    # A source tree has its examples beside the packages; a wheel carries them among the templates.
    root = installed if installed.is_dir() else Path(__file__).parents[2] / "examples" / name
    for file in root.iterdir():
        if file.is_file() and file.name not in _SHOWS:
            yield file


def _renamed(file: Traversable, example: str, values: Mapping[str, str]) -> str:
    """Answer the text of an example's file; what says where its job is says where the new one is."""
    text = file.read_text()
    if file.name not in {_JOB_FILE, "README.md"}:
        return text
    ours = {PurePath(example).name: values["name"], LOCAL_PROJECT: values["project"]}
    text = re.sub("|".join(ours), lambda found: ours[found[0]], text)
    return _SCHEMA_LINE + text if file.name == _JOB_FILE else text
