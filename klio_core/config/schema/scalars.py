"""The kinds of single values that keys take: strict, and helpful about values that nearly fit.

Text takes a number as it was written (`version: 1.10` is "1.10"); nothing else is converted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from klio_core.config.problems import shown
from klio_core.config.scalars import WrittenFloat, resolve
from klio_core.config.schema.wrong import fault
from klio_core.config.suggest import did_you_mean

MAX_ENTRIES = 1000

_LIKE_TRUE = frozenset({"true", "yes", "on", "y", "1"})
_LIKE_FALSE = frozenset({"false", "no", "off", "n", "0"})


def _text(value: object) -> str:
    match value:
        case str():
            return value
        case WrittenFloat():
            return value.written
        case int() | float() if not isinstance(value, bool):
            return str(value)
        case bool():
            raise _misfit("text", value, f'write "{shown(value)}", in quotes, if text is meant')
    raise _misfit("text", value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    meant = "true" if _means(value, _LIKE_TRUE) else "false" if _means(value, _LIKE_FALSE) else None
    todo = f"write {meant}, without quotes" if meant else None
    raise _misfit("true or false", value, todo)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    meant = _number_meant(value)
    todo = f"write {int(meant)}, without quotes" if meant is not None and meant == int(meant) else None
    raise _misfit("a whole number", value, todo)


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value)
    meant = _number_meant(value)
    todo = f"write {meant:.15g}, without quotes" if meant is not None else None
    raise _misfit("a number", value, todo)


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:
        raise _misfit("a finite number", value)
    return number


def _number_meant(value: object) -> float | None:
    """Return the number in quotes, or with an odd way of writing, that somebody meant, if it is one."""
    if isinstance(value, bool) or not isinstance(value, str | float):
        return None
    simple = resolve(value.strip().replace("_", "").lstrip("+0")) if isinstance(value, str) else value
    if isinstance(simple, bool) or not isinstance(simple, int | float):
        return None
    # Nothing that large, nor infinity, nor "not a number", is what somebody meant.
    return float(simple) if abs(simple) <= 1e15 else None


def _off(value: object) -> Literal[False]:
    if value is False:
        return False
    raise _misfit("a mapping, or false", value, "write false, without quotes" if _means(value, _LIKE_FALSE) else None)


def _means(value: object, words: frozenset[str]) -> bool:
    return str(value).lower() in words


def _misfit(expected: str, value: object, todo: str | None = None) -> PydanticCustomError:
    if value is None:
        todo = "give it a value, or leave the key out if it has a default"
    got = value.written if isinstance(value, WrittenFloat) else shown(value)
    return fault("not a value for this key", expected=expected, got=got, todo=todo)


def _plain(value: Any) -> Any:
    """Turn what remembers how it was written into what it is, all the way down."""
    match value:
        case WrittenFloat():
            return float(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {_plain(key): _plain(item) for key, item in value.items()}
    return value


def _not_empty(value: str) -> str:
    if not value.strip():
        raise fault("empty text", expected="at least one character")
    return value


def one_of(*choices: str) -> BeforeValidator:
    """Take one of these words, in upper or lower case."""
    by_lower = {choice.lower(): choice for choice in choices}

    def choose(value: object) -> str:
        found = by_lower.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            raise _misfit(", ".join(choices), value, did_you_mean(str(value), choices))
        return found

    return BeforeValidator(choose)


def nothing_is(make: Callable[[], object]) -> BeforeValidator:
    """Read a section with nothing in it (all its lines are comments, say) as an empty one."""
    return BeforeValidator(lambda value: make() if value is None else value)


def _few(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) > MAX_ENTRIES:
        raise fault("too many entries", expected=f"at most {MAX_ENTRIES}", got=str(len(value)))
    return value


Text = Annotated[str, BeforeValidator(_text)]
Word = Annotated[Text, AfterValidator(_not_empty)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Off = Annotated[Literal[False], BeforeValidator(_off)]
Whole = Annotated[int, BeforeValidator(_whole)]
Natural = Annotated[Whole, Field(ge=0)]
Count = Annotated[Whole, Field(ge=1)]
Number = Annotated[float, BeforeValidator(_number)]
Seconds = Annotated[Number, Field(gt=0)]
# So that what is wrong with each of very many entries is not told at length.
FEW = BeforeValidator(_few)
Texts = Annotated[list[Text], FEW, nothing_is(list)]
Free = Annotated[Any, AfterValidator(_plain)]
