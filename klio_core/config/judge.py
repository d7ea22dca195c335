"""Whether values make a configuration: the rules between its parts, then its models; all that is wrong at once."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from klio_core.config.check import check
from klio_core.config.problems import InvalidConfig, Place, Problem, dotted
from klio_core.config.schema.section import Section
from klio_core.config.values import Values

SectionT = TypeVar("SectionT", bound=Section)


def judged(model: type[SectionT], values: Values, root: Place, earlier: list[Problem]) -> SectionT:
    """Return the model of the values; `earlier` is what is known to be wrong already.

    Raises:
        InvalidConfig: anything is wrong.

    """
    problems = check(values, root)
    made = None
    try:
        made = model.model_validate(values.data)
    except ValidationError as error:
        problems += [_problem(detail, values, root) for detail in error.errors()]
    # A line that is already known to be wrong often looks wrong in a second way, which says nothing new.
    known = {problem.place for problem in earlier if problem.place.line}
    problems = [*earlier, *(problem for problem in problems if problem.place not in known)]
    if problems or made is None:
        raise InvalidConfig(root.source, problems)
    return made


def _problem(detail: ErrorDetails, values: Values, root: Place) -> Problem:
    context, path = detail["ctx"], detail["loc"]
    return Problem(
        context["what"],
        values.place(path, root),
        dotted(path),
        context["expected"],
        context["got"],
        context["todo"],
    )
