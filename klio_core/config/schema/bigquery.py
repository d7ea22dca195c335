"""Events in BigQuery; the keys are those of Beam's ReadFromBigQuery and WriteToBigQuery, and `columns`."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from klio_core.config.problems import shown
from klio_core.config.schema.event import EventInputKeys, EventOutputKeys
from klio_core.config.schema.kinds import BigQueryKind
from klio_core.config.schema.names import DottedPath
from klio_core.config.schema.scalars import FEW, Flag, Free, Word, one_of
from klio_core.config.schema.wrong import fault

_CREATE = ("CREATE_IF_NEEDED", "CREATE_NEVER")
_WRITE = ("WRITE_EMPTY", "WRITE_APPEND", "WRITE_TRUNCATE")


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    # RecursionError: brackets within brackets without end.
    except (ValueError, RecursionError):
        raise _no_schema(value) from None


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    fields = schema.get("fields")
    if not isinstance(fields, list) or not fields or not all(map(_is_field, fields)):
        raise _no_schema(schema)
    return schema


def _is_field(field: object) -> bool:
    return isinstance(field, dict) and all(isinstance(field.get(key), str) for key in ("name", "type"))


def _no_schema(value: object) -> Exception:
    expected = "fields, a list of mappings with name and type (and mode)"
    return fault("not a schema of a table", expected=expected, got=shown(value))


Schema = Annotated[
    dict[str, Free], AfterValidator(_fields), BeforeValidator(_decoded, json_schema_input_type=dict[str, Any] | str)
]
CreateDisposition = Annotated[Literal["CREATE_IF_NEEDED", "CREATE_NEVER"], one_of(*_CREATE)]
WriteDisposition = Annotated[Literal["WRITE_EMPTY", "WRITE_APPEND", "WRITE_TRUNCATE"], one_of(*_WRITE)]


class BigQueryEventInput(EventInputKeys):
    """Rows of a table, or of the answer to a query."""

    spellings: ClassVar = {"klio_message_columns": "columns"}

    type: BigQueryKind = "bq"
    project: Word | None = None
    dataset: Word | None = None
    table: Word | None = None
    klio_message_columns: Annotated[list[Word], FEW] | None = Field(default=None, alias="columns")
    query: Word | None = None
    validate_: Flag = Field(default=True, alias="validate")
    coder: DottedPath | None = None
    kms_key: Word | None = None
    use_standard_sql: Flag = False
    flatten_results: Flag = True

    @model_validator(mode="after")
    def _reads_a_table_or_a_query(self) -> Self:
        table = {"project": self.project, "dataset": self.dataset, "table": self.table}
        given = [key for key, value in table.items() if value is not None]
        if self.query is not None and given:
            todo = "name the table in the query, or delete the query"
            raise fault("a query excludes project, dataset and table", got=f"query, {', '.join(given)}", todo=todo)
        if self.klio_message_columns and len(given) < len(table):
            got = f"columns, {', '.join(given) or 'none of them'}"
            raise fault("columns need a table", expected="project, dataset and table", got=got)
        if self.query is None and self.table is None and not self.skip_klio_read:
            raise fault("no table and no query", expected="one of them", got="neither")
        return self


class BigQueryEventOutput(EventOutputKeys):
    """A table, to which the payload of each message is written as a row."""

    type: BigQueryKind = "bq"
    project: Word | None = None
    dataset: Word | None = None
    table: Word | None = None
    schema_: Schema | None = Field(default=None, alias="schema")
    create_disposition: CreateDisposition = "CREATE_IF_NEEDED"
    write_disposition: WriteDisposition = "WRITE_EMPTY"

    @model_validator(mode="after")
    def _writes_a_table(self) -> Self:
        if self.table is None and not self.skip_klio_write:
            raise fault("no table", expected="the table to write to", todo="add the key table")
        return self
