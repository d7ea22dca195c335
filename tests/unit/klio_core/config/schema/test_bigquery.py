from collections.abc import Callable
from typing import Any

import pytest

from klio_core.config import BigQueryEventInput, BigQueryEventOutput, InvalidConfig, dump, parse

TABLE = "project: p, dataset: d, table: t"
FIELDS = {"fields": [{"name": "entity_id", "type": "STRING", "mode": "NULLABLE"}]}


def text(side: str, keys: str, kind: str = "bq") -> str:
    head = "job_name: j\npipeline_options: {streaming: false}\n"
    return f"{head}job_config: {{events: {{{side}: [{{type: {kind}, {keys}}}]}}}}"


def bigquery(side: str, keys: str, kind: str = "bq") -> Any:
    (entry,) = getattr(parse(text(side, keys, kind)).job_config.events, side)
    return entry


def test_an_input_has_klios_defaults_and_attribute_names() -> None:
    entry = bigquery("inputs", f"{TABLE}, columns: [a, b]")
    assert entry == BigQueryEventInput(project="p", dataset="d", table="t", columns=["a", "b"])
    assert entry.klio_message_columns == ["a", "b"]
    assert (entry.query, entry.coder, entry.kms_key) == (None, None, None)
    assert (entry.validate, entry.use_standard_sql, entry.flatten_results) == (True, False, True)


def test_columns_are_written_under_their_name_and_given_under_the_transforms() -> None:
    entry = bigquery("inputs", f"{TABLE}, klio_message_columns: [a]")
    assert entry.as_dict()["columns"] == ["a"]
    assert entry.to_io_kwargs() == {
        "project": "p",
        "dataset": "d",
        "table": "t",
        "klio_message_columns": ["a"],
        "validate": True,
        "use_standard_sql": False,
        "flatten_results": True,
    }


@pytest.mark.parametrize("kind", ["bq", "BQ", "bigquery", "BigQuery"])
def test_both_names_of_the_type_mean_one(kind: str) -> None:
    assert bigquery("inputs", "table: t", kind).type == "bq"
    assert bigquery("outputs", "table: t", kind).type == "bq"


def test_an_output_has_klios_defaults_and_needs_no_schema() -> None:
    entry = bigquery("outputs", TABLE)
    assert entry == BigQueryEventOutput(project="p", dataset="d", table="t")
    assert entry.schema is None
    assert (entry.create_disposition, entry.write_disposition) == ("CREATE_IF_NEEDED", "WRITE_EMPTY")


@pytest.mark.parametrize(
    "written",
    [
        "{fields: [{name: entity_id, type: STRING, mode: NULLABLE}]}",
        """'{"fields": [{"name": "entity_id", "type": "STRING", "mode": "NULLABLE"}]}'""",
    ],
)
def test_a_schema_is_a_mapping_or_json_and_survives_the_way_to_a_file(written: str) -> None:
    config = parse(text("outputs", f"table: t, schema: {written}"))
    assert config.job_config.events.outputs[0].schema == FIELDS
    assert config.job_config.events.outputs[0].to_io_kwargs()["schema"] == FIELDS
    assert parse(dump(config)) == config


@pytest.mark.parametrize("written", ["{}", "{fields: []}", "{fields: [a]}", "{fields: [{name: a}]}", "'{'", "'a:b'"])
def test_what_is_no_schema_is_told(job_complaint: Callable[..., str], written: str) -> None:
    told = job_complaint(f"events: {{outputs: [{{type: bq, table: t, schema: {written}}}]}}", streaming="false")
    assert told.startswith(
        "klio-job.yaml:4: job_config.events.outputs[0].schema: not a schema of a table\n"
        "  expected: fields, a list of mappings with name and type (and mode)\n"
    )


def test_brackets_without_end_are_no_schema() -> None:
    with pytest.raises(InvalidConfig, match="not a schema of a table"):
        parse(text("outputs", f"table: t, schema: '{'[' * 50_000}'"))


@pytest.mark.parametrize(
    ("side", "keys", "told"),
    [
        (
            "inputs",
            "query: select 1, table: t, project: p",
            (
                "a query excludes project, dataset and table\n"
                "  got: query, project, table\n"
                "  to do: name the table in the query, or delete the query"
            ),
        ),
        (
            "inputs",
            "table: t, columns: [a]",
            "columns need a table\n  expected: project, dataset and table\n  got: columns, table",
        ),
        ("inputs", "project: p", "no table and no query\n  expected: one of them\n  got: neither"),
        ("outputs", "project: p", "no table\n  expected: the table to write to\n  to do: add the key table"),
    ],
)
def test_what_does_not_go_together_is_told(job_complaint: Callable[..., str], side: str, keys: str, told: str) -> None:
    lines = f"events: {{{side}: [{{type: bq, {keys}}}]}}"
    head = f"klio-job.yaml:4: job_config.events.{side}[0]: "
    assert job_complaint(lines, streaming="false") == head + told


def test_what_the_author_reads_and_writes_himself_needs_no_table() -> None:
    assert bigquery("inputs", "skip_klio_read: true").table is None
    assert bigquery("outputs", "skip_klio_write: true").table is None


def test_a_coder_is_a_dotted_path() -> None:
    assert bigquery("inputs", "table: t, coder: my.coders.Row").coder == "my.coders.Row"
    with pytest.raises(InvalidConfig, match="not a dotted path"):
        bigquery("inputs", "table: t, coder: Row!")


def test_bigquery_in_a_streaming_job_is_told_by_either_name(job_complaint: Callable[..., str]) -> None:
    for kind in ("bq", "bigquery"):
        told = job_complaint(f"events: {{outputs: [{{type: {kind}, table: t}}]}}")
        assert told.startswith("klio-job.yaml:4: job_config.events.outputs[0].type: events of type bq need a batch job")
