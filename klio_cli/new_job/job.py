"""A new job as a value: what is chosen of it, and the files that come of that."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from klio_cli.images import dockerfile
from klio_cli.new_job.choices import CHOICES, DATAFLOW, Settings, asked_of, subscription_id, taken_by
from klio_cli.new_job.requirements import as_installed
from klio_cli.new_job.templates import KINDS, Kind, texts_of
from klio_cli.version import klio_version
from klio_core.errors import UsageError

_JOB_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_JOB_FILE = "klio-job.yaml"


def job_name(name: str) -> str:
    """Answer the name. Raises UsageError where Google's services refuse it."""
    if not _JOB_NAME.fullmatch(name) or len(name) > 63:
        raise UsageError(
            "not a name for a job",
            expected="a-z, 0-9 and hyphens, a letter first, no hyphen last, at most 63 characters",
            got=repr(name),
        )
    return name


def project_name(name: str) -> str:
    """Answer the name. Raises UsageError where Google refuses it."""
    if not _PROJECT.fullmatch(name):
        raise UsageError(
            "not the name of a Google Cloud project",
            expected="6 to 30 of a-z, 0-9 and hyphens, a letter first, no hyphen last",
            got=repr(name),
        )
    return name


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job of a template. `answers` are what was chosen, by the fields of `choices.CHOICES`; the rest is as usual.

    Raises UsageError for names that Google's services refuse, and for choices that this kind of job does not have.
    """

    name: str
    project: str
    template: str = "streaming"
    runner: str = ""
    autoscale: bool = False
    python_version: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    dependencies: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        job_name(self.name)
        project_name(self.project)
        if self.autoscale and self.template != "kubernetes":
            raise UsageError("--autoscale is for workers on Kubernetes", todo="add --template kubernetes")
        self._refuse_what_it_has_not()

    def _refuse_what_it_has_not(self) -> None:
        taken = taken_by(self.kinds)
        for choice in CHOICES:
            if choice.field in self.answers and choice not in taken:
                todo = " or ".join(f"--template {name}" for name in KINDS if name in choice.of)
                raise UsageError(f"{choice.options[0]} is not for --template {self.template}", todo=f"it is for {todo}")

    @property
    def kind(self) -> Kind:
        """What kind of job it is."""
        return KINDS[self.template]

    @property
    def kinds(self) -> frozenset[str]:
        """Whose choices it has: those of its template, and of its runner."""
        return frozenset({self.template, self.runner})

    def values(self) -> dict[str, str]:
        """Answer every choice of it: as it was answered, or else as it usually is; the name and the project too."""
        values = {"name": self.name, "project": self.project}
        for choice in asked_of(self.kinds):
            values[choice.field] = choice.default_for(values)
        return {**values, **self.answers}

    def files(self) -> dict[str, str]:
        """Answer the text of each file by its name, sorted. Raises UsageError where a choice is none."""
        from klio_core.config.json_schema import schema_text

        texts = self._texts()
        texts[_JOB_FILE] = self._job_file(texts[_JOB_FILE])
        # Beside the job file, so that an editor finds it offline, on any machine that has the job's directory.
        return dict(sorted({**texts, ".klio-job.schema.json": schema_text()}.items()))

    def check(self) -> None:
        """Raise UsageError where a choice is none."""
        self._job_file(self._texts()[_JOB_FILE])

    def _texts(self) -> dict[str, str]:
        texts = texts_of(self.kind, ("autoscaler",) if self.autoscale else (), self._filled())
        if "worker_image" in self.answers:
            del texts["Dockerfile"]
        texts["job-requirements.txt"] = as_installed(texts["job-requirements.txt"])
        if (elements := self.answers.get("batch_event_input")) is not None:
            example = texts.pop("input_elements.txt")
            if PurePath(elements).name == elements and elements not in texts:
                texts[elements] = example  # else it is a file that there is already
        return texts

    def _filled(self) -> dict[str, str]:
        """Answer what the templates are filled with."""
        values = self.values()
        usual = {
            "worker_image": f"europe-west1-docker.pkg.dev/{self.project}/klio/{self.name}",
            "klio_requirement": f"klio[exec]=={klio_version()}",
            **dockerfile.template_values(),
        }
        if "input_topic" in values:
            usual["subscription_id"] = subscription_id(values)
        return usual | values | ({"python_version": self.python_version} if self.python_version else {})

    def _job_file(self, template: str) -> str:
        values = self.values()
        written = self._set(template, "--runner", [("pipeline_options.runner", self.runner or self.kind.runner)])
        for choice in CHOICES:
            if choice.field in self.answers or (choice.of == {DATAFLOW} and choice.field in values):
                written = self._set(written, choice.options[0], choice.settings(values))
        if self.dependencies:
            value = json.dumps([dict(one) for one in self.dependencies])
            written = self._set(written, "--dependency", [("job_config.dependencies", value)])
        return written

    def _set(self, job_file: str, option: str, settings: Settings) -> str:
        from klio_core.config import parse
        from klio_core.config.edit import put
        from klio_core.config.problems import InvalidConfig

        try:
            for path, value in settings:
                job_file = put(job_file, f"{path}={value}", _JOB_FILE)
            parse(job_file, _JOB_FILE)
        except InvalidConfig as error:
            first = error.problems[0]
            raise UsageError(
                first.what, where=f"{option} ({first.path})", expected=first.expected, got=first.got, todo=first.todo
            ) from error
        return job_file
