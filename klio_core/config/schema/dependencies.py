"""The parents of a job: who makes the media that it reads, and where to ask for it."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field

from klio_core.config.problems import shown
from klio_core.config.schema.names import JobName, Topic
from klio_core.config.schema.scalars import FEW, Word, nothing_is
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault


def _one_is_a_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _name_or_number(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not is_number and not (isinstance(value, str) and value):
        raise fault("not a data input", expected="the name or the number, from 0, of a data input", got=shown(value))
    return value


class Dependency(Section):
    """A parent, which is asked for what is missing."""

    spellings: ClassVar = {"input_topic": "input_topics"}

    job_name: JobName
    # None: the project of this job.
    gcp_project: Word | None = None
    region: Word | None = None
    # A streaming job's parent has one at least (check.py); a batch job is asked through its `inbox`.
    input_topics: Annotated[
        tuple[Topic, ...],
        Field(strict=False),
        FEW,
        BeforeValidator(_one_is_a_list, json_schema_input_type=list[str] | str),
        nothing_is(tuple),
    ] = ()
    inbox: Word | None = None
    makes: Annotated[str | int, BeforeValidator(_name_or_number)] | None = None

    def made_of(self, names: tuple[str | None, ...]) -> tuple[int, ...]:
        """Return the numbers of our data inputs that this parent makes, given the names of all of them in order.

        Without `makes` it makes all: one, save where it is the only parent of several.
        """
        if self.makes is None:
            return tuple(range(len(names)))
        return (self.makes if isinstance(self.makes, int) else names.index(self.makes),)


Dependencies: TypeAlias = Annotated[tuple[Dependency, ...], Field(strict=False), FEW, nothing_is(tuple)]
