"""From a file, or a text, to a configuration that holds.

read → substitute templates → apply overrides → values → models and rules; each step tells all that is wrong, and
what is wrong is raised once, together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from klio_core.config.check import check
from klio_core.config.override import override
from klio_core.config.problems import InvalidConfig, Place, Problem, dotted
from klio_core.config.read import read_text, read_tree
from klio_core.config.schema.job import KlioConfig
from klio_core.config.substitute import substitute, templates_of
from klio_core.config.values import Values

Templates = Mapping[str, str] | Sequence[str]


def load(path: Path, *, overrides: Sequence[str] = (), templates: Templates = ()) -> KlioConfig:
    """Return the configuration in a file.

    `overrides` are texts such as `job_config.events.inputs[0].topic=…`, `templates` values for `${KEY}` by KEY, or
    as texts `KEY=value`.

    Raises:
        InvalidConfig: a ConfigError that lists every problem with its file, line and path.

    """
    return parse(read_text(path), str(path), overrides=overrides, templates=templates)


def parse(
    text: str,
    where: str = "klio-job.yaml",
    *,
    overrides: Sequence[str] = (),
    templates: Templates = (),
) -> KlioConfig:
    """Return the configuration in a text; `where` is what errors call it. Otherwise as `load`."""
    root, unresolved = substitute(read_tree(text, where), templates_of(templates))
    root, unapplied = override(root, overrides)
    values = Values.of(root)
    return _validated(values, Place(where, root.place.line), [*unresolved, *unapplied, *values.problems])


def build(data: Mapping[str, object], where: str = "the configuration") -> KlioConfig:
    """Return the configuration that plain data describes, as `as_dict` returns it. Raises as `load`."""
    return _validated(Values(dict(data)), Place(where), [])


def _validated(values: Values, root: Place, earlier: list[Problem]) -> KlioConfig:
    problems = check(values, root)
    try:
        config = KlioConfig.model_validate(values.data)
    except ValidationError as error:
        problems += [_problem(detail, values, root) for detail in error.errors()]
    # A line that is already known to be wrong often looks wrong in a second way, which says nothing new.
    known = {problem.place for problem in earlier if problem.place.line}
    problems = [*earlier, *(problem for problem in problems if problem.place not in known)]
    if problems:
        raise InvalidConfig(root.source, problems)
    return config


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
