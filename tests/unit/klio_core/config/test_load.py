import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klio_core.config import InvalidConfig, build, load, parse
from klio_core.errors import ConfigError
from tests.steps import calls_in

TALK = """\
job_name: automixer
pipeline_options:
  streaming: True
job_config:
  events:
    inputs:
      - type: pubsub
        topic: projects/my-project/topics/automixer-input
        subscription: projects/my-project/subscriptions/automixer-input
    outputs:
      - type: pubsub
        topic: projects/my-project/topics/automixer-output
  data:
    inputs:
      - type: gcs
        location: gs://my-bucket/tracks
        file_suffix: .mp3
    outputs:
      - type: gcs
        location: gs://my-bucket/mixes
        file_suffix: .ogg
"""

MISTAKES = """\
name: automixer
version: 3
pipeline_options:
  streaming: yes
  num_workers: "5"
  runner: DataflwRunner
  straeming: true
job_config:
  event: {}
  allow_non_klio_mesages: true
  max_in_flight: 0
  events:
    inputs:
      - type: pubsb
      - type: pubsub
        topik: projects/my-project/topics/in
      - topic: projects/my-project/topics/in
      - pubsub
    outputs:
      type: pubsub
  data:
    inputs:
      - type: gcs
        location: tracks
    outputs:
      - type: file
        location: gs://my-bucket/mixes
        force: "false"
"""

TOLD = """\
klio-job.yaml cannot be used: 18 problems
klio-job.yaml:1: name: unknown key
  to do: write job_name
klio-job.yaml:1: job_name: a required key is missing
  to do: add the key job_name
klio-job.yaml:2: version: unknown version
  expected: 1 or 2
  got: 3
klio-job.yaml:4: pipeline_options.streaming: not a value for this key
  expected: true or false
  got: 'yes'
  to do: write true, without quotes
klio-job.yaml:5: pipeline_options.num_workers: not a value for this key
  expected: a whole number
  got: '5'
  to do: write 5, without quotes
klio-job.yaml:6: pipeline_options.runner: unknown runner
  expected: DirectRunner, DirectGKERunner, DataflowRunner, FnApiRunner, PortableRunner, FlinkRunner, SparkRunner, \
PrismRunner, or the dotted path of a class
  got: 'DataflwRunner'
  to do: did you mean DataflowRunner?
klio-job.yaml:7: pipeline_options.straeming: unknown key
  to do: did you mean streaming? If not, choose a name that is less like it
klio-job.yaml:9: job_config.event: unknown key
  to do: did you mean events? If not, choose a name that is less like it
klio-job.yaml:10: job_config.allow_non_klio_mesages: unknown key
  to do: did you mean allow_non_klio_messages? If not, choose a name that is less like it
klio-job.yaml:11: job_config.max_in_flight: not a value for this key
  expected: at least 1
  got: 0
klio-job.yaml:14: job_config.events.inputs[0].type: unknown type
  expected: pubsub, file, avro, bq, custom
  got: 'pubsb'
  to do: did you mean pubsub?
klio-job.yaml:16: job_config.events.inputs[1].topik: unknown key
  expected: type, name, skip_klio_read, format, topic, subscription
  to do: did you mean topic?
klio-job.yaml:17: job_config.events.inputs[2].type: a required key is missing
  expected: pubsub, file, avro, bq, custom
  to do: add the key type
klio-job.yaml:18: job_config.events.inputs[3]: not a value for this key
  expected: a mapping (lines of the form 'key: value')
  got: 'pubsub'
klio-job.yaml:19: job_config.events.outputs: not a value for this key
  expected: a list (each entry begins with '- ')
  got: a mapping
klio-job.yaml:24: job_config.data.inputs[0].location: not a place in Google Cloud Storage
  expected: gs://BUCKET/…
  got: 'tracks'
  to do: write type: file for a directory on this machine
klio-job.yaml:27: job_config.data.outputs[0].location: not a place on this machine
  expected: a path
  got: 'gs://my-bucket/mixes'
  to do: write type: gcs
klio-job.yaml:28: job_config.data.outputs[0].force: not a value for this key
  expected: true or false
  got: 'false'
  to do: write false, without quotes"""


def test_the_configuration_of_the_talk_means_what_it_says() -> None:
    config = parse(TALK)
    events, data = config.job_config.events, config.job_config.data
    assert (config.job_name, config.version, config.pipeline_options.streaming) == ("automixer", 2, True)
    assert events.inputs[0].topic == "projects/my-project/topics/automixer-input"
    assert events.inputs[0].subscription == "projects/my-project/subscriptions/automixer-input"
    assert events.outputs[0].topic == "projects/my-project/topics/automixer-output"
    assert [(each.location, each.file_suffix) for each in (*data.inputs, *data.outputs)] == [
        ("gs://my-bucket/tracks", ".mp3"),
        ("gs://my-bucket/mixes", ".ogg"),
    ]


def test_a_file_is_loaded_with_its_templates_and_overrides(tmp_path: Path) -> None:
    path = tmp_path / "klio-job.yaml"
    path.write_text(TALK.replace("automixer-input", "${IN}"))
    config = load(path, overrides=["pipeline_options.streaming=true", "job_config.fade=8.5"], templates=["IN=topic"])
    assert config.job_config.events.inputs[0].topic == "projects/my-project/topics/topic"
    assert config.job_config.fade == 8.5


def test_errors_name_the_file_that_was_loaded(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("job_name: j\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path} cannot be used: 1 problem\n{path}:1: job_config: a required key is missing\n"
        "  to do: add the key job_config"
    )


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse(MISTAKES)
    assert str(caught.value) == TOLD


def test_a_config_travels_inside_what_is_pickled() -> None:
    config = parse(TALK, overrides=["job_config.copy=1", "job_config.nested={a: [1.10]}"])
    copy = pickle.loads(pickle.dumps(config))
    assert copy == config
    assert (copy.job_config.copy, copy.job_config.nested) == (1, {"a": [1.1]})


def test_a_config_is_frozen() -> None:
    config = parse(TALK)
    with pytest.raises(ValueError, match="frozen"):
        config.job_name = "other"


def test_plain_data_builds_the_same_config() -> None:
    config = parse(TALK)
    assert build(config.as_dict()) == config


def test_plain_data_is_judged_like_a_file() -> None:
    with pytest.raises(InvalidConfig) as caught:
        build({"job_name": "j", "job_config": {"blocking": "no"}}, "the test's configuration")
    assert str(caught.value) == (
        "the test's configuration cannot be used: 1 problem\n"
        "the test's configuration: job_config.blocking: not a value for this key\n"
        "  expected: true or false\n"
        "  got: 'no'\n"
        "  to do: write false, without quotes"
    )


def test_lists_of_one_config_are_not_those_of_another() -> None:
    one, other = parse(TALK), parse(TALK)
    one.pipeline_options.labels.append("a=b")
    assert other.pipeline_options.labels == []
    assert parse(TALK).pipeline_options.labels == []


def outcome(text: str, **given: Any) -> str:
    try:
        return repr(parse(text, **given))
    except ConfigError as error:
        return str(error)


WORDS = """
job_name job_config pipeline_options events data inputs outputs type pubsub file gcs location topic true null 5 1.5 x
${X} streaming metrics status dead_letters name labels yes gs://b projects/p/topics/abc file_suffix
avro bq bigquery custom class schema fields query columns table dependencies makes input_topics codec
"""
words = st.sampled_from(WORDS.split())
shapes = st.recursive(
    words | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(words, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | shapes | st.text("ab:-{}[]&*!|>'\"#%@`?,\n\t ~$<=", max_size=200))
def test_no_text_does_anything_but_load_or_be_refused(text: str) -> None:
    assert outcome(text).startswith(("KlioConfig(", "klio-job.yaml cannot be used: "))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(words, shapes), max_size=4), st.lists(st.text(max_size=40), max_size=3))
def test_no_shape_of_sections_and_no_override_does_either(pairs: list[tuple[str, str]], overrides: list[str]) -> None:
    body = "".join(f"  {key}: {value}\n" for key, value in pairs)
    told = outcome(f"job_name: j\njob_config:\n{body}", overrides=overrides, templates={"X": "[1"})
    assert told.startswith(("KlioConfig(", "klio-job.yaml cannot be used: "))


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "job_name: j\njob_config:\n" + "".join(f"  key{n}: 1\n" for n in range(5000)),
        "job_name: j\njob_config: {}\n" + "".join(f"k{n}: 1\n" for n in range(6000)),
        "job_name: j\njob_config: {events: {inputs: [" + "{}, " * 15_000 + "]}}\n",
        "job_name: j\njob_config: {events: {inputs: [" + "{type: custom}, " * 3900 + "]}}\n",
        "job_name: j\njob_config: {events: {inputs: [" + "{type: custom, class: a.b}, " * 2200 + "]}}\n",
        "job_name: j\njob_config: {events: {outputs: [" + "{type: bq, schema: 'x'}, " * 2500 + "]}}\n",
        "job_name: j\njob_config: {events: {outputs: [{type: bq, table: t, schema: '" + "[" * 60_000 + "'}]}}\n",
        "job_name: j\njob_config: {dependencies: [" + "{}, " * 15_000 + "]}\n",
        "job_name: j\njob_config: {dependencies: [" + "{job_name: j, input_topic: x, makes: 7}, " * 1500 + "]}\n",
        "job_name: j\njob_config: {events: {inputs: [{type: bq, columns: [" + "[]," * 20_000 + "]}]}}\n",
        "job_name: j\npipeline_options: {labels: [" + "[]," * 20_000 + "]}\n",
        "job_name: j\njob_config: {" + "k" * 60_000 + "}\n",
    ],
    ids=[
        "own keys",
        "unknown keys",
        "empty inputs",
        "custom without class",
        "many custom inputs",
        "many wrong schemas",
        "one deep schema",
        "empty dependencies",
        "wrong dependencies",
        "wrong columns",
        "wrong labels",
        "one long key",
    ],
)
def test_sixty_kilobytes_of_anything_take_no_more_work_than_their_length_asks_for(text: str) -> None:
    assert len(text) < 64_000
    assert len(outcome(text)) < 60_000
    assert is_quick(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "job_name: j\njob_config: {dependencies: [" + "{}, " * 15_000 + "]}\n",
        "job_name: j\njob_config: {a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1], b: [" + "*a, " * 9000 + "]}\n",
    ],
    ids=["empty dependencies", "aliases"],
)
def test_sixty_kilobytes_take_less_than_two_hundred_megabytes(text: str) -> None:
    tracemalloc.start()
    outcome(text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 200e6


SECTIONS = (
    "job_config: {%s: 1}",
    "job_config: {events: {inputs: [%s]}}",
    "job_config: {events: {outputs: [{type: bq, table: t, schema: {fields: [%s]}}]}}",
    "job_config: {data: {outputs: [{type: custom, class: a.b, location: x, own: [%s]}]}}",
    "job_config: {dependencies: [%s]}",
    "pipeline_options: {experiments: [%s]}",
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.sampled_from(SECTIONS), shapes)
def test_sixty_kilobytes_of_one_shape_take_no_more_work_than_their_length_asks_for(section: str, shape: str) -> None:
    shape = shape.encode(errors="replace")[:1000].decode(errors="ignore")
    many = f"{shape}, " * (60_000 // len(f"{shape}, ".encode()))
    assert is_quick(f"job_name: j\n{section % many}\n")


def is_quick(text: str) -> bool:
    """Whether it is loaded, or refused, by a few calls for each character: some 30, and not thousands."""
    return calls_in(lambda: outcome(text)) < 100 * len(text) + 100_000
