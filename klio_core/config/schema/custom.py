"""Events and media of a kind that klio does not know: a class of one's own reads and writes them."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from klio_core.config.schema.event import EventInputKeys, EventOutputKeys
from klio_core.config.schema.kinds import CustomKind
from klio_core.config.schema.media import DataInputKeys, DataOutputKeys
from klio_core.config.schema.names import DottedPath
from klio_core.config.schema.scalars import Free, Word
from klio_core.config.schema.section import Section

# In each class, because the bases that know no free keys say the opposite.
_OPEN = ConfigDict(extra="allow")


class _Custom(Section):
    model_config = _OPEN
    __pydantic_extra__: dict[str, Free]
    # Options are the author's: none of their names is a slip of the pen.
    slip: ClassVar[float] = 1.0

    class_: DottedPath = Field(alias="class")

    @property
    def options(self) -> dict[str, Any]:
        """Every key that klio does not know, for the class."""
        return dict(self.model_extra or {})


class CustomEventInput(_Custom, EventInputKeys):
    """Events that a class of one's own reads."""

    model_config = _OPEN

    type: CustomKind = "custom"


class CustomEventOutput(_Custom, EventOutputKeys):
    """Events that a class of one's own writes."""

    model_config = _OPEN

    type: CustomKind = "custom"


class CustomDataInput(_Custom, DataInputKeys):
    """Media in a store of one's own that the job reads."""

    model_config = _OPEN

    type: CustomKind = "custom"
    location: Word


class CustomDataOutput(_Custom, DataOutputKeys):
    """Media in a store of one's own that the job writes."""

    model_config = _OPEN

    type: CustomKind = "custom"
    location: Word
