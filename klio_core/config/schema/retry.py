"""`job_config.retry`: how often code that fails is called again, after which pause, and after what."""

from __future__ import annotations

import builtins
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from klio_core.config.problems import shown
from klio_core.config.schema.names import DOTTED_PATH
from klio_core.config.schema.scalars import FEW, Count, Number, Word
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault
from klio_core.config.suggest import did_you_mean

_BUILT_IN = {
    name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)
}


def _exception_name(value: str) -> str:
    """Take a name of Python's own, or a dotted path: whether there is such a class, only the job's place knows."""
    if value in _BUILT_IN or DOTTED_PATH.fullmatch(value):
        return value
    expected = "an exception of Python's own (OSError), or package.module.Class"
    raise fault("not an exception", expected=expected, got=shown(value), todo=did_you_mean(value, _BUILT_IN))


def _one_is_a_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _not_none(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise fault("an empty list", expected="at least one exception", todo="name one, or delete the key")
    return value


ExceptionName: TypeAlias = Annotated[Word, AfterValidator(_exception_name)]
Exceptions: TypeAlias = Annotated[
    tuple[ExceptionName, ...],
    Field(strict=False),
    FEW,
    BeforeValidator(_one_is_a_list, json_schema_input_type=list[str] | str),
    AfterValidator(_not_none),
]
Pause: TypeAlias = Annotated[Number, Field(ge=0)]


class RetrySection(Section):
    """The arguments of `@retry`, for all code that does not have it. Its defaults are those of a busy service."""

    tries: Count = 3
    delay_s: Pause = 1.0
    backoff: Annotated[Number, Field(ge=1)] = 2.0
    max_delay_s: Pause = 60.0
    jitter: Annotated[Number, Field(ge=0, le=1)] = 1.0
    exceptions: Exceptions = ("Exception",)

    @model_validator(mode="after")
    def _pauses_fit(self) -> Self:
        # Its default gives way to a longer first pause.
        if "max_delay_s" in self.model_fields_set and self.delay_s > self.max_delay_s:
            got = f"delay_s: {self.delay_s:g}, max_delay_s: {self.max_delay_s:g}"
            todo = "raise max_delay_s, or lower delay_s"
            raise fault("the first pause is longer than the longest", got=got, todo=todo)
        return self
