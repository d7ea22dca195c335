"""How a list of inputs or outputs finds the model of each entry: by its `type`.

A new kind is a model, its name here if it has a second one, and its line in the union of the file that lists it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, WithJsonSchema

from klio_core.config.schema.scalars import one_of
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import TAG

_SECOND_NAMES = {"bigquery": "bq"}


def kind_name(kind: str) -> str:
    """Return the one name of a kind, which may be written in any case, or by its second name."""
    return _SECOND_NAMES.get(kind.lower(), kind.lower())


def _kind_of(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return TAG + (kind_name(kind) if isinstance(kind, str) else "")


def _kind_or_switch(value: Any) -> str:
    return f"{TAG}section" if isinstance(value, dict | Section) else f"{TAG}switch"


BY_TYPE = Discriminator(_kind_of)
# For keys that take either a mapping or a plain true or false.
SECTION_OR_SWITCH = Discriminator(_kind_or_switch)

AvroKind = Annotated[Literal["avro"], one_of("avro")]
BigQueryKind = Annotated[
    Literal["bq"],
    one_of("bq"),
    BeforeValidator(lambda kind: kind_name(kind) if isinstance(kind, str) else kind),
    WithJsonSchema({"enum": ["bq", "bigquery"], "type": "string"}),
]
CustomKind = Annotated[Literal["custom"], one_of("custom")]
DirectoryKind = Annotated[Literal["directory"], one_of("directory")]
FileKind = Annotated[Literal["file"], one_of("file")]
GcsKind = Annotated[Literal["gcs"], one_of("gcs")]
MemoryKind = Annotated[Literal["memory"], one_of("memory")]
PubSubKind = Annotated[Literal["pubsub"], one_of("pubsub")]
