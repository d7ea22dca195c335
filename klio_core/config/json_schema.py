"""JSON Schema of klio-job.yaml, for editors that complete and check while one types."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from klio_core.config.schema.job import KlioConfig


def schema_json() -> dict[str, Any]:
    """Return the schema as plain data (JSON Schema 2020-12)."""
    schema = KlioConfig.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


@cache
def schema_text() -> str:
    """Return the schema as the text of a file."""
    return json.dumps(schema_json(), indent=1, ensure_ascii=False) + "\n"
