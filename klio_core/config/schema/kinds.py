"""How a list of inputs or outputs finds the model of each entry: by its `type`.

A new kind is a model, its name here if it has a second one, and its line in the union of the file that lists it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator

from klio_core.config.schema.scalars import one_of
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import TAG


def _kind_of(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return TAG + (kind.lower() if isinstance(kind, str) else "")


def _kind_or_switch(value: Any) -> str:
    return f"{TAG}section" if isinstance(value, dict | Section) else f"{TAG}switch"


BY_TYPE = Discriminator(_kind_of)
# For keys that take either a mapping or a plain true or false.
SECTION_OR_SWITCH = Discriminator(_kind_or_switch)

DirectoryKind = Annotated[Literal["directory"], one_of("directory")]
FileKind = Annotated[Literal["file"], one_of("file")]
GcsKind = Annotated[Literal["gcs"], one_of("gcs")]
MemoryKind = Annotated[Literal["memory"], one_of("memory")]
PubSubKind = Annotated[Literal["pubsub"], one_of("pubsub")]
