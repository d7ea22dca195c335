from collections.abc import Callable

import pytest

from klio_core.config import Data, FileDataInput, GcsDataInput, GcsDataOutput, MemoryDataInput, parse


def data(text: str) -> Data:
    return parse(f"job_name: j\njob_config: {{data: {text}}}\n").job_config.data


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{type: GCS, location: gs://b/x}", GcsDataInput(location="gs://b/x")),
        ("{type: gcs, data_location: gs://b/x, topic: t}", GcsDataInput(location="gs://b/x")),
        ("{type: file, location: x/y, split: ','}", FileDataInput(location="x/y", split=",")),
        ("{type: file, location: file:///x}", FileDataInput(location="file:///x")),
        ("{type: memory, location: memory://x}", MemoryDataInput(location="memory://x")),
    ],
)
def test_media_are_in_the_cloud_in_a_directory_or_in_memory(text: str, made: object) -> None:
    assert data(f"{{inputs: [{text}]}}").inputs == (made,)


@pytest.mark.parametrize(("written", "value"), [("", None), (", ping: true", True), (", ping: false", False)])
def test_ping_is_set_or_unset_or_not_said(written: str, value: object) -> None:
    assert data(f"{{inputs: [{{type: file, location: x{written}}}]}}").inputs[0].ping is value


@pytest.mark.parametrize(("written", "value"), [("", None), (", force: true", True), (", force: false", False)])
def test_force_is_set_or_unset_or_not_said(written: str, value: object) -> None:
    assert data(f"{{outputs: [{{type: gcs, location: gs://b{written}}}]}}").outputs == (
        GcsDataOutput(location="gs://b", force=value),
    )


@pytest.mark.parametrize(("written", "value"), [("", None), (", verify: Checksum", "checksum")])
def test_what_is_verified_is_said_or_not(written: str, value: object) -> None:
    assert data(f"{{inputs: [{{type: file, location: x{written}}}]}}").inputs[0].verify == value


def test_patience_is_for_services() -> None:
    (made,) = data("{inputs: [{type: gcs, location: gs://b, patience_s: 5}]}").inputs
    assert isinstance(made, GcsDataInput)
    assert made.patience_s == 5.0


def test_a_suffix_that_looks_like_a_number_is_taken_as_written() -> None:
    assert data("{inputs: [{type: file, location: x, file_suffix: .10}]}").inputs[0].file_suffix == ".10"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "{type: gcs, location: /x}",
            (
                ".location: not a place in Google Cloud Storage\n  expected: gs://BUCKET/…\n  got: '/x'\n"
                "  to do: write type: file for a directory on this machine"
            ),
        ),
        (
            "{type: file, location: memory://x}",
            (
                ".location: not a place on this machine\n  expected: a path\n  got: 'memory://x'\n"
                "  to do: write type: memory"
            ),
        ),
        (
            "{type: memory, location: x}",
            ".location: not a place in memory\n  expected: memory://NAME/…\n  got: 'x'",
        ),
        (
            "{type: file, location: x, verify: true}",
            ".verify: not a value for this key\n  expected: checksum\n  got: true",
        ),
        ("{type: gcs}", ".location: a required key is missing\n  to do: add the key location"),
        (
            "{type: file, location: x, force: true}",
            (
                ".force: unknown key\n  expected: type, name, location, file_suffix, skip_klio_existence_check, "
                "verify, ping, split, data_location"
            ),
        ),
        (
            "{type: file, location: x, file_suffix: }",
            (
                ".file_suffix: not a value for this key\n  expected: text\n  got: nothing\n"
                "  to do: give it a value, or leave the key out if it has a default"
            ),
        ),
        (
            "{type: file, location: true}",
            (
                ".location: not a value for this key\n  expected: text\n  got: true\n"
                '  to do: write "true", in quotes, if text is meant'
            ),
        ),
        (
            "{type: file, location: x, split: ''}",
            ".split: not a value for this key\n  expected: at least 1 character\n  got: ''",
        ),
    ],
)
def test_mistakes_are_told(job_complaint: Callable[..., str], entry: str, told: str) -> None:
    assert job_complaint(f"data: {{inputs: [{entry}]}}") == f"klio-job.yaml:4: job_config.data.inputs[0]{told}"
