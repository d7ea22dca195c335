from collections.abc import Callable

import pytest

from klio_core.config import (
    DirectoryRecords,
    FileEventInput,
    FileRecords,
    PubSubEventInput,
    StatusTopic,
    TopicRecords,
    parse,
)

TOPIC = "projects/p/topics/topic"
SUBSCRIPTION = "projects/p/subscriptions/sub"


def events(text: str, *, streaming: bool = True) -> object:
    head = f"job_name: j\npipeline_options: {{streaming: {str(streaming).lower()}}}\n"
    return parse(f"{head}job_config: {{events: {text}}}\n").job_config.events


def test_types_are_read_in_any_case() -> None:
    made = events(f"{{inputs: [{{type: PubSub, topic: {TOPIC}}}]}}")
    assert made.inputs == (PubSubEventInput(topic=TOPIC),)
    assert made.inputs[0].type == "pubsub"


@pytest.mark.parametrize("key", ["location", "file_pattern"])
def test_a_file_input_has_a_file_pattern(key: str) -> None:
    made = events(f"{{inputs: [{{type: file, {key}: x, skip_header_lines: 1}}]}}", streaming=False)
    assert made.inputs == (FileEventInput(location="x", skip_header_lines=1),)
    assert made.inputs[0].file_pattern == "x"


@pytest.mark.parametrize("key", ["location", "file_path_prefix"])
def test_a_file_output_has_a_file_path_prefix_and_the_documented_options(key: str) -> None:
    options = "file_name_suffix: .txt, num_shards: 3, shard_name_template: '', header: h, footer: f"
    (output,) = events(f"{{outputs: [{{type: file, {key}: x, {options}}}]}}", streaming=False).outputs
    assert (output.file_path_prefix, output.file_name_suffix, output.num_shards) == ("x", ".txt", 3)
    assert (output.shard_name_template, output.header, output.footer) == ("", "h", "f")
    assert (output.append_trailing_newlines, output.compression_type) == (True, "auto")


def test_keys_of_the_first_version_are_ignored() -> None:
    made = events(f"{{inputs: [{{type: pubsub, topic: {TOPIC}, data_location: gs://x}}]}}")
    assert made.inputs == (PubSubEventInput(topic=TOPIC),)


def test_format_and_keep_payload_are_ours() -> None:
    made = events(
        f"{{inputs: [{{type: pubsub, subscription: {SUBSCRIPTION}, format: raw}}], "
        f"outputs: [{{type: pubsub, topic: {TOPIC}, keep_payload: true}}]}}"
    )
    assert (made.inputs[0].format, made.outputs[0].keep_payload) == ("raw", True)


@pytest.mark.parametrize("text", ["", "{}", "{inputs: , outputs: }"])
def test_nothing_is_no_events(text: str) -> None:
    made = events(text)
    assert (made.inputs, made.outputs, made.dead_letters, made.status) == ((), (), None, None)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (f"{{type: pubsub, topic: {TOPIC}}}", TopicRecords(topic=TOPIC)),
        ("{type: directory, location: x}", DirectoryRecords(location="x")),
        ("{type: file, location: x}", FileRecords(location="x")),
    ],
)
def test_dead_letters_go_to_a_topic_a_directory_or_a_file(text: str, made: object) -> None:
    assert events(f"{{dead_letters: {text}}}").dead_letters == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (f"{{type: pubsub, topic: {TOPIC}}}", StatusTopic(topic=TOPIC)),
        (f"{{type: pubsub, topic: {TOPIC}, location: x}}", StatusTopic(topic=TOPIC, location="x")),
        ("{type: directory, location: x}", DirectoryRecords(location="x")),
        ("false", False),
    ],
)
def test_status_goes_to_a_topic_or_a_directory_or_nowhere(text: str, made: object) -> None:
    assert events(f"{{status: {text}}}").status == made


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "events: {inputs: [{type: pubsub}]}",
            (
                "klio-job.yaml:4: job_config.events.inputs[0]: no topic and no subscription\n"
                "  expected: at least one of them\n"
                "  to do: add a subscription to read from; without one, messages between runs are lost"
            ),
        ),
        (
            "events: {outputs: [{type: pubsub}]}",
            (
                "klio-job.yaml:4: job_config.events.outputs[0].topic: a required key is missing\n"
                "  to do: add the key topic"
            ),
        ),
        (
            "events: {inputs: [{type: gcs}]}",
            (
                "klio-job.yaml:4: job_config.events.inputs[0].type: unknown type\n"
                "  expected: pubsub, file, avro, bq, custom\n"
                "  got: 'gcs'"
            ),
        ),
        (
            "events: {status: true}",
            (
                "klio-job.yaml:4: job_config.events.status: not a value for this key\n"
                "  expected: a mapping, or false\n"
                "  got: true"
            ),
        ),
        (
            "events: {dead_letters: {type: topic, topic: x}}",
            (
                "klio-job.yaml:4: job_config.events.dead_letters.type: unknown type\n"
                "  expected: pubsub, directory, file\n"
                "  got: 'topic'"
            ),
        ),
        (
            f"events: {{inputs: [{{type: pubsub, topic: {TOPIC}, format: json}}]}}",
            (
                "klio-job.yaml:4: job_config.events.inputs[0].format: not a value for this key\n"
                "  expected: klio, raw\n"
                "  got: 'json'"
            ),
        ),
    ],
)
def test_mistakes_are_told(job_complaint: Callable[..., str], lines: str, told: str) -> None:
    assert job_complaint(lines) == told


def test_two_spellings_of_one_key_are_told(job_complaint: Callable[..., str]) -> None:
    told = job_complaint("events: {inputs: [{type: file, location: x, file_pattern: y}]}", streaming="false")
    assert told == (
        "klio-job.yaml:4: job_config.events.inputs[0].file_pattern: file_pattern and location are one key\n"
        "  to do: keep one of them"
    )


def test_a_mistake_is_told_in_the_spelling_that_was_used(job_complaint: Callable[..., str]) -> None:
    told = job_complaint("events: {inputs: [{type: file, file_pattern: ''}]}", streaming="false")
    assert told.splitlines()[0] == "klio-job.yaml:4: job_config.events.inputs[0].file_pattern: empty text"
