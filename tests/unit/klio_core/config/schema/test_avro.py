from collections.abc import Callable
from typing import Any

import pytest

from klio_core.config import AvroEventInput, AvroEventOutput, parse


def avro(side: str, keys: str) -> Any:
    head = "job_name: j\npipeline_options: {streaming: false}\n"
    (entry,) = getattr(
        parse(f"{head}job_config: {{events: {{{side}: [{{type: Avro, {keys}}}]}}}}").job_config.events, side
    )
    return entry


def test_an_input_has_klios_defaults() -> None:
    entry = avro("inputs", "location: dir/")
    assert entry == AvroEventInput(location="dir/")
    assert (entry.type, entry.file_pattern, entry.min_bundle_size, entry.validate) == ("avro", None, 0, True)


def test_an_output_has_klios_defaults() -> None:
    entry = avro("outputs", "file_path_prefix: out")
    assert entry == AvroEventOutput(file_path_prefix="out")
    assert (entry.codec, entry.file_name_suffix, entry.num_shards) == ("deflate", "", 0)
    assert (entry.location, entry.shard_name_template, entry.mime_type) == (None, None, "application/x-avro")


def test_place_and_pattern_are_two_keys_and_become_arguments() -> None:
    assert avro("inputs", "location: dir, file_pattern: '*.avro', validate: false").to_io_kwargs() == {
        "location": "dir",
        "file_pattern": "*.avro",
        "min_bundle_size": 0,
        "validate": False,
    }


@pytest.mark.parametrize("written", ["null", "'null'", "~", "NULL"])
def test_no_codec_is_called_null(written: str) -> None:
    assert avro("outputs", f"location: x, codec: {written}").codec == "null"


@pytest.mark.parametrize(
    ("side", "key", "skip"), [("inputs", "file_pattern", "read"), ("outputs", "file_path_prefix", "write")]
)
def test_a_place_is_needed_unless_the_author_does_it_himself(
    job_complaint: Callable[..., str], side: str, key: str, skip: str
) -> None:
    assert job_complaint(f"events: {{{side}: [{{type: avro}}]}}", streaming="false") == (
        f"klio-job.yaml:4: job_config.events.{side}[0]: no location and no {key}\n"
        "  expected: at least one of them\n"
        "  got: neither"
    )
    assert avro(side, f"skip_klio_{skip}: true").location is None


def test_avro_in_a_streaming_job_is_told(job_complaint: Callable[..., str]) -> None:
    told = job_complaint("events: {inputs: [{type: avro, location: x}]}")
    assert told.startswith("klio-job.yaml:4: job_config.events.inputs[0].type: events of type avro need a batch job\n")
