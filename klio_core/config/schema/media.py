"""What all data inputs, and all data outputs, have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from klio_core.config.schema.scalars import Flag, Text, Word, one_of
from klio_core.config.schema.section import Section

Verify = Annotated[Literal["checksum"], one_of("checksum")]


class _Data(Section):
    spellings: ClassVar = {"data_location": "location"}
    ignored: ClassVar[frozenset[str]] = frozenset({"topic", "subscription"})

    type: str
    name: Word | None = None
    location: Word
    file_suffix: Text = ""
    skip_klio_existence_check: Flag = False
    verify: Verify | None = None


class DataInputKeys(_Data):
    """Keys that every data input takes."""

    # None: not set here, so the message decides.
    ping: Flag | None = None
    split: Annotated[Text, Field(min_length=1)] | None = None


class DataOutputKeys(_Data):
    """Keys that every data output takes."""

    force: Flag | None = None
