import json
from pathlib import Path

from klio_core.config import schema_json
from klio_core.config.json_schema import schema_text

ROOT = Path(__file__).parents[4]


def test_the_schema_is_json_and_names_the_keys_of_the_file() -> None:
    schema = json.loads(json.dumps(schema_json()))
    assert list(schema["properties"]) == ["version", "job_name", "pipeline_options", "job_config"]
    assert schema["required"] == ["job_name", "job_config"]
    assert schema["additionalProperties"] is False


def test_only_the_sections_with_free_keys_allow_them() -> None:
    parts = schema_json()["$defs"]
    free = {name for name, part in parts.items() if part.get("additionalProperties") is not False}
    custom = {f"Custom{what}{side}" for what in ("Event", "Data") for side in ("Input", "Output")}
    assert free == {"KlioJobConfig", "KlioPipelineConfig"} | custom


def test_every_spelling_of_a_key_is_known_to_editors() -> None:
    part = schema_json()["$defs"]["FileEventInput"]
    assert part["properties"]["file_pattern"] == part["properties"]["location"]
    assert "location" not in part.get("required", [])


def test_the_schema_in_the_documentation_is_that_of_the_models() -> None:
    page = ROOT / "docs" / "reference" / "klio-job.schema.json"
    assert page.read_text() == schema_text(), f"klio config schema --output {page.relative_to(ROOT)}"


def test_an_entry_without_a_type_is_no_entry() -> None:
    parts = schema_json()["$defs"]
    assert parts["PubSubEventOutput"]["required"] == ["type", "topic"]
    assert parts["CustomDataInput"]["required"][0] == "type"


def test_what_the_loader_takes_in_two_forms_an_editor_takes_too() -> None:
    parts = schema_json()["$defs"]
    kinds = {one["type"] for one in parts["Dependency"]["properties"]["input_topic"]["anyOf"]}
    assert kinds == {"array", "string"}
    assert {"type": "null"} in parts["AvroEventOutput"]["properties"]["codec"]["anyOf"]
    assert parts["BigQueryEventInput"]["properties"]["type"]["enum"] == ["bq", "bigquery"]
