"""The questions about a new job, on a terminal: each with what it usually is, again until the reply can be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from klio_cli.new_job.choices import Choice, asked_of
from klio_cli.new_job.job import NewJob, job_name, project_name
from klio_cli.new_job.templates import KINDS
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError

Made = TypeVar("Made")


def the_name(terminal: Terminal) -> str:
    """Ask for the name of the job."""
    return _until(terminal, "Name of the job", "", job_name)


def the_template(terminal: Terminal) -> str:
    """Ask for one of the templates."""
    known = ", ".join(KINDS)

    def check(reply: str) -> str:
        if reply not in KINDS:
            raise UsageError("no such template", expected=known, got=repr(reply))
        return reply

    return _until(terminal, f"Template: {known}", "streaming", check)


def the_project(terminal: Terminal, usual: str) -> str:
    """Ask for the project."""
    return _until(terminal, "Google Cloud project", usual, project_name)


def the_rest(terminal: Terminal, job: NewJob) -> NewJob:
    """Ask for all that a job of this kind has and that was not given."""
    for choice in asked_of(job.kinds):
        if choice.field not in job.answers:
            job = _until(terminal, choice.help.rstrip("."), choice.default_for(job.values()), _answering(job, choice))
    return job


def _answering(job: NewJob, choice: Choice) -> Callable[[str], NewJob]:
    def answered(reply: str) -> NewJob:
        if reply == choice.default_for(job.values()):
            return job
        changed = replace(job, answers={**job.answers, choice.field: reply})
        changed.check()
        return changed

    return answered


def _until(terminal: Terminal, question: str, default: str, make: Callable[[str], Made]) -> Made:
    """Ask until what is made of the reply raises no UsageError, and answer that."""
    while True:
        try:
            return make(terminal.ask(question, default))
        except UsageError as error:
            terminal.error(str(error))
