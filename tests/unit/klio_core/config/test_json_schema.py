import json

from klio_core.config import schema_json


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
