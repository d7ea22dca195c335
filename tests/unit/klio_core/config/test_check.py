from collections.abc import Callable

import pytest

from klio_core.config import parse

TOPIC = "projects/p/topics/topic"


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_pubsub_in_a_batch_job_is_told(job_complaint: Callable[..., str], side: str) -> None:
    told = job_complaint(f"events: {{{side}: [{{type: PubSub, topic: {TOPIC}}}]}}", streaming="false")
    assert told == (
        f"klio-job.yaml:4: job_config.events.{side}[0].type: events of type pubsub need a streaming job\n"
        "  expected: pipeline_options.streaming: true\n"
        "  got: false"
    )


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_files_in_a_streaming_job_are_told(complaint: Callable[..., str], side: str) -> None:
    told = complaint(f"job_name: j\njob_config:\n  events:\n    {side}:\n      - type: file\n        location: x\n")
    assert told == (
        f"klio-job.yaml:5: job_config.events.{side}[0].type: events of type file need a batch job\n"
        "  expected: pipeline_options.streaming: false\n"
        "  got: true (the default)"
    )


def test_what_the_author_reads_and_writes_himself_may_be_of_either_kind() -> None:
    text = "job_name: j\njob_config: {events: {%s: [{type: file, location: x, %s: true}]}}\n"
    assert parse(text % ("inputs", "skip_klio_read")).job_config.events.inputs[0].skip_klio_read
    assert parse(text % ("outputs", "skip_klio_write")).job_config.events.outputs[0].skip_klio_write


def test_a_wrong_streaming_is_told_once(complaint: Callable[..., str]) -> None:
    job_config = "{events: {inputs: [{type: file, location: x}]}}"
    text = f"job_name: j\npipeline_options: {{streaming: 'no'}}\njob_config: {job_config}\n"
    assert complaint(text).count("klio-job.yaml:") == 1


def test_two_entries_of_one_name_are_told(job_complaint: Callable[..., str]) -> None:
    entries = "data:\n  inputs:\n    - {type: file, name: a, location: x}\n    - {type: file, name: a, location: y}"
    assert job_complaint(entries) == (
        "klio-job.yaml:7: job_config.data.inputs[1].name: the name 'a' is taken\n"
        "  got: also at job_config.data.inputs[0]"
    )


def data(first: str, second: str) -> str:
    return f"job_name: j\njob_config:\n  data:\n    inputs: [{{{first}}}]\n    outputs: [{{{second}}}]\n"


def test_an_output_that_is_an_input_is_told(complaint: Callable[..., str]) -> None:
    told = complaint(
        data("type: gcs, location: gs://b/x, file_suffix: .mp3", "type: gcs, location: gs://b/x/, file_suffix: .mp3")
    )
    assert told == (
        "klio-job.yaml:5: job_config.data.outputs[0].location: "
        "the same place and file_suffix as job_config.data.inputs[0]\n"
        "  to do: choose another location or file_suffix: an output that exists is not made again"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("type: file, location: x, file_suffix: .a", "type: file, location: x, file_suffix: .b"),
        ("type: file, location: x, split: ','", "type: file, location: x"),
        ("type: file, location: x", "type: file, location: x, skip_klio_existence_check: true"),
    ],
    ids=["another suffix", "another element", "not checked"],
)
def test_an_output_beside_an_input_is_fine(first: str, second: str) -> None:
    assert len(parse(data(first, second)).job_config.data.outputs) == 1


@pytest.mark.parametrize(
    ("events", "path"),
    [
        (f"{{inputs: [{{type: pubsub, topic: {TOPIC}}}], outputs: [{{type: pubsub, topic: {TOPIC}}}]}}", "outputs[0]"),
        (
            f"{{inputs: [{{type: pubsub, topic: {TOPIC}}}], dead_letters: {{type: pubsub, topic: {TOPIC}}}}}",
            "dead_letters",
        ),
    ],
)
def test_a_job_that_publishes_to_its_own_input_is_told(
    job_complaint: Callable[..., str], events: str, path: str
) -> None:
    assert job_complaint(f"events: {events}") == (
        f"klio-job.yaml:4: job_config.events.{path}.topic: the topic that job_config.events.inputs[0] reads\n"
        "  to do: publish to another topic: this one is a loop"
    )
