"""What all event inputs, and all event outputs, have in common."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from klio_core.config.schema.scalars import Flag, Word, one_of
from klio_core.config.schema.section import Section

Format = Annotated[Literal["klio", "raw"], one_of("klio", "raw")]


class _Event(Section):
    # Keys that klio reads itself; all others are arguments of the transform that reads or writes.
    own: ClassVar[frozenset[str]] = frozenset({"type", "name"})

    type: str
    name: Word | None = None

    def to_io_kwargs(self) -> dict[str, Any]:
        """Return the arguments of the transform that reads or writes here; what was not given is left out."""
        given = {name.removesuffix("_"): getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in given.items() if value is not None and name not in self.own}


class EventInputKeys(_Event):
    """Keys that every event input takes."""

    own: ClassVar = _Event.own | {"skip_klio_read", "format"}

    skip_klio_read: Flag = False
    format: Format | None = None


class EventOutputKeys(_Event):
    """Keys that every event output takes."""

    own: ClassVar = _Event.own | {"skip_klio_write", "keep_payload"}

    skip_klio_write: Flag = False
    keep_payload: Flag = False
