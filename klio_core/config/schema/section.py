"""What all parts of klio-job.yaml share: strict, frozen, and clear about every key that they do not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails

from klio_core.config.problems import shown
from klio_core.config.schema.wrong import explain, wrong
from klio_core.config.suggest import nearest

SectionT = TypeVar("SectionT", bound="Section")


class Section(BaseModel):
    """One mapping of the configuration.

    A subclass says in class variables what pydantic cannot know: `spellings` (other names of a key), `advice`
    (what to do about a key that is often written and unknown), `ignored` (keys of older versions, dropped).
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)

    spellings: ClassVar[Mapping[str, str]] = {}
    advice: ClassVar[Mapping[str, str]] = {}
    ignored: ClassVar[frozenset[str]] = frozenset()
    # How like a known key a free key may be before it counts as a slip of the pen.
    slip: ClassVar[float] = 0.87

    @model_validator(mode="wrap")
    @classmethod
    def _name_every_unknown_key(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(given, dict):
            return cls._validated(given, handler, [], {})
        problems = list(cls._key_problems(given))
        refused = {problem["loc"][0] for problem in problems if "loc" in problem}
        kept = {
            cls.spellings.get(key, key): value
            for key, value in given.items()
            if key not in cls.ignored and key not in refused
        }
        written = {cls.spellings[key]: key for key in given if key in cls.spellings}
        return cls._validated(kept, handler, problems, written)

    @classmethod
    def _validated(
        cls,
        given: Any,
        handler: ModelWrapValidatorHandler[Self],
        problems: list[InitErrorDetails],
        written: Mapping[str, str],
    ) -> Self:
        try:
            made = handler(given)
        except ValidationError as error:
            problems += [explain(detail, written) for detail in error.errors()]
            raise ValidationError.from_exception_data(cls.__name__, problems) from None
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return _with_free_keys(made)

    @classmethod
    def keys(cls) -> list[str]:
        """Return every key that may be written here, in order."""
        names = [field.alias or name for name, field in cls.model_fields.items()]
        return [*names, *cls.spellings]

    @classmethod
    def _key_problems(cls, given: Mapping[Any, Any]) -> Iterator[InitErrorDetails]:
        known = cls.keys()
        for key, value in given.items():
            if not isinstance(key, str):
                yield wrong("a key that is not a name", (key,), value, got=shown(key), todo="quote it")
            elif key in cls.spellings and cls.spellings[key] in given:
                meant = cls.spellings[key]
                yield wrong(f"{key} and {meant} are one key", (key,), value, todo="keep one of them")
            elif key not in known and key not in cls.ignored:
                yield from cls._unknown(key, value, known)

    @classmethod
    def _unknown(cls, key: str, value: object, known: list[str]) -> Iterator[InitErrorDetails]:
        if key in cls.advice:
            yield wrong("unknown key", (key,), value, todo=cls.advice[key])
        elif cls.model_config["extra"] == "forbid":
            meant = nearest(key, known)
            todo = f"did you mean {meant}?" if meant else None
            yield wrong("unknown key", (key,), value, expected=", ".join(known), todo=todo)
        elif meant := nearest(key, known, cls.slip):
            todo = f"did you mean {meant}? If not, choose a name that is less like it"
            yield wrong("unknown key", (key,), value, todo=todo)
        elif _is_reserved(cls, key):
            yield wrong("a key that klio uses itself", (key,), value, todo="choose another name")

    def as_dict(self) -> dict[str, Any]:
        """Return plain data in the words of klio-job.yaml; what was not given and has no default is left out."""
        return plain_section(self)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler.resolve_ref_schema(handler(schema))
        properties = made.get("properties", {})
        for spelling, meant in cls.spellings.items():
            properties[spelling] = properties[meant]
            made["required"] = [key for key in made.get("required", []) if key != meant]
        if "type" in properties:
            # By its type an entry finds its model: in a file it is never left to its default.
            made["required"] = ["type", *made.get("required", [])]
        return made


def plain_section(section: Section) -> dict[str, Any]:
    """Return the plain data of a section; a function, because an author's key may be named `as_dict`."""
    fields: dict[str, FieldInfo] = type(section).model_fields
    known = {field.alias or name: section.__dict__[name] for name, field in fields.items()}
    given = {key: _plain(value) for key, value in known.items() if value is not None}
    return given | {key: _plain(value) for key, value in (section.model_extra or {}).items()}


def _plain(value: Any) -> Any:
    match value:
        case Section():
            return plain_section(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value


def _with_free_keys(section: SectionT) -> SectionT:
    """Let `job_config.copy` be the author's key `copy`, not a method that pydantic put there.

    The same for our own keys that are named like such a method: `validate`, which the model calls `validate_`.
    """
    own = {name[:-1]: section.__dict__[name] for name in type(section).model_fields if name.endswith("_")}
    given = own | (section.model_extra or {})
    section.__dict__.update({key: value for key, value in given.items() if hasattr(type(section), key)})
    return section


def _is_reserved(cls: type[Section], key: str) -> bool:
    if key.startswith("__"):
        return True
    # A property cannot be hidden by a value of the instance.
    return hasattr(getattr(cls, key, None), "__set__")
