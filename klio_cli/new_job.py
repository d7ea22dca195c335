"""A new job: the files under templates/, filled in, put in place as a whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from klio_cli.images import dockerfile
from klio_cli.version import klio_version
from klio_core.errors import UsageError

_SUFFIX = ".tmpl"
_JOB_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a new job is called, where it is to run, and of which type it is: streaming or batch.

    One for Kubernetes, which is a streaming one, has its manifests, with `autoscale` one that adds and removes workers.
    Raises UsageError for names that Google's services refuse, and for a batch job on Kubernetes.
    """

    name: str
    project: str
    job_type: str
    kubernetes: bool = False
    autoscale: bool = False

    def __post_init__(self) -> None:
        if not _JOB_NAME.fullmatch(self.name) or len(self.name) > 63:
            raise UsageError(
                "not a name for a job",
                expected="a-z, 0-9 and hyphens, a letter first, no hyphen last, at most 63 characters",
                got=repr(self.name),
            )
        if not _PROJECT.fullmatch(self.project):
            raise UsageError(
                "not the name of a Google Cloud project",
                expected="6 to 30 of a-z, 0-9 and hyphens, a letter first, no hyphen last",
                got=repr(self.project),
            )
        if self.kubernetes and self.job_type != "streaming":
            todo = "leave out --runner: a batch runs wherever `klio job run` does"
            raise UsageError("only a streaming job is a Deployment", got=f"--job-type {self.job_type}", todo=todo)
        if self.autoscale and not self.kubernetes:
            raise UsageError("--autoscale is for workers on Kubernetes", todo="add --runner DirectGKERunner")

    def files(self) -> dict[str, str]:
        """Answer the text of each file by its name, sorted."""
        values = {
            "name": self.name,
            "project": self.project,
            "klio_requirement": f"klio[exec]=={klio_version()}",
            **dockerfile.template_values(),
        }
        from klio_core.config.json_schema import schema_text

        # The later kind replaces files of the earlier one.
        found = {name: text for kind in self._kinds() for name, text in _below(files("klio_cli") / "templates" / kind)}
        texts = {name: Template(text).substitute(values) for name, text in found.items()}
        # Beside the job file, so that an editor finds it offline, on any machine that has the job's directory.
        return dict(sorted({**texts, ".klio-job.schema.json": schema_text()}.items()))

    def _kinds(self) -> Iterator[str]:
        yield from ("shared", self.job_type)
        if self.kubernetes:
            yield "kubernetes"
        if self.autoscale:
            yield "autoscaler"

    def write(self, target: Path) -> None:
        """Write the job's directory. Raises UsageError where something is there already, or cannot be written."""
        target = target.resolve()
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise UsageError("there is something already", where=str(target), todo="choose another --output")
        try:
            self._write_beside(target)
        except OSError as error:
            raise UsageError("the job's directory cannot be written", where=str(target), got=error.strerror) from error

    def _write_beside(self, target: Path) -> None:
        texts = self.files()
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
            made = Path(beside) / target.name
            made.mkdir()
            for name, text in texts.items():
                (made / name).parent.mkdir(exist_ok=True)
                (made / name).write_text(text)
            if target.exists():  # somebody may stand in it: fill it, do not replace it
                for name in texts:
                    (target / name).parent.mkdir(exist_ok=True)
                    (made / name).rename(target / name)
            else:
                made.rename(target)


def _below(directory: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name of each template in a directory, with the directories that it is in, and its text."""
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{above}{entry.name}/")
        else:
            yield f"{above}{entry.name.removesuffix(_SUFFIX)}", entry.read_text()
