from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from klio_core.config import InvalidConfig, KlioConfig, build, dump, parse

DUMPED = """\
version: 2
job_name: j
pipeline_options:
  runner: DirectRunner
  streaming: false
  job_name: j
  region: europe-west1
  update: false
  experiments: []
  labels:
    - team=audio
  no_auth: false
  dataflow_service_options: []
  enable_streaming_engine: false
  autoscaling_algorithm: NONE
  num_workers: 2
  disk_size_gb: 32
  machine_type: n1-standard-2
  custom_beam_option: 5
job_config:
  allow_non_klio_messages: false
  blocking: false
  wait_for_pipeline_running: false
  max_in_flight: 500
  max_attempts: 5
  lease_s: 60
  drain_timeout_s: 60.0
  dependencies: []
  trigger_ttl_s: 600.0
  max_triggers: 3
  metrics: {}
  events:
    inputs:
      - type: file
        name: ids
        skip_klio_read: false
        location: ids.txt
        compression_type: auto
        strip_trailing_newlines: true
        validate: true
        skip_header_lines: 0
        min_bundle_size: 0
    outputs: []
    status: false
  data:
    inputs:
      - type: file
        location: tracks
        file_suffix: '1.10'
        skip_klio_existence_check: false
        ping: false
    outputs: []
  price: 5 $$
  empty: null
"""


def test_the_whole_effective_configuration_is_written_in_klios_order() -> None:
    config = parse(
        "job_name: j\n"
        "pipeline_options: {runner: direct, streaming: false, labels: [team=audio], custom_beam_option: 5}\n"
        "job_config:\n"
        "  price: 5 $$\n"
        "  empty:\n"
        "  events: {inputs: [{type: file, name: ids, file_pattern: ids.txt}], status: false}\n"
        "  data: {inputs: [{type: file, location: tracks, file_suffix: 1.10, ping: false}]}\n"
    )
    assert dump(config) == DUMPED
    assert parse(DUMPED) == config


@pytest.mark.parametrize(
    "value",
    [
        "yes",
        "012",
        "1e5",
        "1:30",
        "2026-01-31",
        "5",
        "",
        " ",
        "null",
        "~",
        "=",
        "<<",
        "a: b",
        "# c",
        "- d",
        "'e'",
        '"f"',
        "${X}",
        "$",
        "$$",
        "two\nlines\n",
        "tab\t",
        "\x85",
        "nul\0",
        "\u2028",
        "\ufeff",
        "é",
        "🎵",
        ".5",
        "+5",
        "0x1F",
        "!x",
        "&x",
        "*x",
        "%x",
        "@x",
        "1_000",
        ".inf",
        ".nan",
        "true",
        "x" * 300,
    ],
)
def test_texts_that_look_like_something_else_stay_what_they_are(value: str) -> None:
    config = build({"job_name": "j", "job_config": {"own": value, "nested": {value: [value]}}})
    assert parse(dump(config)) == config
    assert parse(dump(config)).job_config.own == value


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
free = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.integers(), inner, max_size=3),
    max_leaves=8,
)
names = st.from_regex(r"[a-z][a-z0-9]{2,10}", fullmatch=True)
topics = names.map(lambda name: f"projects/p/topics/{name}")
flags = st.booleans()


def entry(kind: str, required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **required}, optional={"name": names, **optional})


dotted = names.map("mine.{}".format)
table = {"project": names, "dataset": names, "table": names}
fields = st.fixed_dictionaries({"name": names, "type": st.just("STRING")}, optional={"mode": st.just("REPEATED")})
custom = st.fixed_dictionaries({"type": st.just("custom"), "class": dotted}, optional={"url": free, "a b": free})
reads = st.one_of(
    entry("pubsub", {"topic": topics}, {"skip_klio_read": flags, "format": st.sampled_from(["klio", "raw"])}),
    entry("avro", {"location": names}, {"file_pattern": names, "validate": flags, "min_bundle_size": st.integers(0)}),
    entry("bigquery", table, {"columns": st.lists(names), "coder": dotted, "flatten_results": flags}),
    entry("bq", {"query": names}, {"use_standard_sql": flags, "kms_key": names}),
    custom,
)
writes = st.one_of(
    entry("pubsub", {"topic": topics}, {"keep_payload": flags}),
    entry(
        "avro", {"file_path_prefix": names}, {"codec": st.sampled_from(["null", None, "snappy"]), "mime_type": names}
    ),
    entry(
        "BQ",
        table,
        {
            "schema": st.lists(fields, min_size=1, max_size=3).map(lambda made: {"fields": made}),
            "write_disposition": st.sampled_from(["WRITE_APPEND", "WRITE_EMPTY", "write_truncate"]),
        },
    ),
    custom,
)
parents = st.fixed_dictionaries(
    {"job_name": names, "input_topics": topics | st.lists(topics, min_size=1, max_size=3)},
    optional={"gcp_project": names, "region": names, "makes": st.integers(0, 1)},
)
events = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.lists(reads, max_size=3),
        "outputs": st.lists(writes, max_size=3),
        "dead_letters": entry("directory", {"location": names}, {}).map(
            lambda made: {k: made[k] for k in ("type", "location")}
        ),
        "status": st.just(value=False) | topics.map(lambda topic: {"type": "pubsub", "topic": topic}),
    },
)
data = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.lists(
            entry("file", {"location": names}, {"ping": flags, "split": st.just(","), "file_suffix": texts}), max_size=2
        ),
        "outputs": st.lists(
            entry("gcs", {"location": names.map("gs://{}".format)}, {"force": flags})
            | entry("custom", {"class": dotted, "location": names}, {"drive": free}),
            max_size=2,
        ),
    },
)
configs = st.fixed_dictionaries(
    {
        "job_name": names,
        "job_config": st.fixed_dictionaries(
            {},
            optional={
                "events": events,
                "data": data,
                "metrics": st.just(value=False) | st.just({"logger": {"timer_unit": "seconds"}, "native": True}),
                "drain_timeout_s": st.floats(0.1, 1e6),
                "dependencies": st.lists(parents, max_size=2),
                "trigger_ttl_s": st.integers(1, 9),
                "max_attempts": st.integers(1, 99),
                "own": free,
                "copy": free,
            },
        ),
    },
    optional={
        "pipeline_options": st.fixed_dictionaries(
            {},
            optional={
                "labels": st.lists(texts, max_size=2),
                "num_workers": st.integers(1, 9),
                "max_num_workers": st.integers(1, 9),
                "machine_type": names,
                "beam_option": free,
                "project": names,
            },
        )
    },
)


def _of_one_kind(given_data: dict[str, Any]) -> dict[str, Any]:
    """Make a batch job of it where it reads or writes what ends; Pub/Sub in it is left to the author."""
    events = given_data["job_config"].get("events", {})
    entries = [*events.get("inputs", []), *events.get("outputs", [])]
    streaming = all(one["type"] in ("pubsub", "custom") for one in entries)
    options = given_data.get("pipeline_options", {})
    skipped = {"inputs": {"skip_klio_read": True}, "outputs": {"skip_klio_write": True}}
    if not streaming:
        for side, skip in skipped.items():
            for one in events.get(side, []):
                one.update(skip if one["type"] == "pubsub" else {})
    return {**given_data, "pipeline_options": {**options, "streaming": streaming}}


@settings(max_examples=100, deadline=None)
@given(configs)
def test_what_is_dumped_loads_to_the_same_configuration(given_data: dict[str, Any]) -> None:
    given_data = _of_one_kind(given_data)
    config: KlioConfig | None = None
    try:
        config = build(given_data)
    except InvalidConfig:
        assume(False)  # two entries of one name, say
    assert config is not None
    assert parse(dump(config)) == config
    assert build(config.as_dict()) == config
