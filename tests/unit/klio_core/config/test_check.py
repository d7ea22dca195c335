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


def parents(*entries: str) -> str:
    listed = "".join(f"\n  - {{{entry}}}" for entry in entries)
    two = "data:\n  inputs:\n    - {type: file, name: stems, location: a}\n    - {type: file, location: b}\n"
    return f"{two}dependencies:{listed}"


ASKED = "input_topics: [projects/p/topics/parent]"


def test_a_parent_makes_the_input_that_it_names_or_all_where_it_names_none() -> None:
    text = "job_name: j\njob_config:\n  "

    def made(*entries: str) -> list[tuple[int, ...]]:
        job = parse(text + parents(*entries).replace("\n", "\n  ")).job_config
        names = tuple(one.name for one in job.data.inputs)
        return [parent.made_of(names) for parent in job.dependencies]

    by_name = f"job_name: a, {ASKED}, makes: stems"
    assert made(by_name, f"job_name: b, {ASKED}, makes: 1") == [(0,), (1,)]
    assert made(f"job_name: a, {ASKED}") == [(0, 1)]


def test_a_parent_that_makes_no_input_of_ours_is_told(job_complaint: Callable[..., str]) -> None:
    for makes in ("drums", "2"):
        shown = makes if makes.isdigit() else repr(makes)
        assert job_complaint(parents(f"job_name: a, {ASKED}, makes: {makes}")) == (
            "klio-job.yaml:9: job_config.dependencies[0].makes: there is no such data input\n"
            "  expected: one of stems, 0 to 1\n"
            f"  got: {shown}"
        )


def test_a_parent_that_makes_something_where_nothing_is_read_is_told(job_complaint: Callable[..., str]) -> None:
    told = job_complaint(f"dependencies:\n  - {{job_name: a, {ASKED}, makes: 0}}")
    assert told == (
        "klio-job.yaml:5: job_config.dependencies[0].makes: there is no such data input\n"
        "  expected: a data input to make\n"
        "  got: 0"
    )


def test_of_several_parents_and_inputs_each_parent_must_say_what_it_makes(job_complaint: Callable[..., str]) -> None:
    told = job_complaint(parents(f"job_name: a, {ASKED}, makes: 0", f"job_name: b, {ASKED}"))
    assert told == (
        "klio-job.yaml:10: job_config.dependencies[1]: which of the data inputs does this parent make?\n"
        "  expected: one of stems, 0 to 1\n"
        "  to do: add the key makes"
    )


def test_several_parents_of_one_input_need_not_say_so() -> None:
    one = "data: {inputs: [{type: file, location: a}]}"
    entries = f"[{{job_name: a, {ASKED}}}, {{job_name: b, {ASKED}}}]"
    job = parse(f"job_name: j\njob_config:\n  {one}\n  dependencies: {entries}").job_config
    assert [parent.made_of((None,)) for parent in job.dependencies] == [(0,), (0,)]


@pytest.mark.parametrize("project", ["", ", gcp_project: studio"])
def test_a_job_that_depends_on_itself_is_told(complaint: Callable[..., str], project: str) -> None:
    options = "pipeline_options: {project: studio}"
    entry = f"{{job_name: j, {ASKED}{project}}}"
    assert complaint(f"job_name: j\n{options}\njob_config:\n  dependencies:\n    - {entry}") == (
        "klio-job.yaml:5: job_config.dependencies[0].job_name: a job cannot depend on itself\n"
        "  to do: name the job that makes what this one reads"
    )


def test_a_job_of_the_same_name_in_another_project_is_another_job() -> None:
    entry = f"{{job_name: j, gcp_project: p, {ASKED}}}"
    text = f"job_name: j\npipeline_options: {{project: studio}}\njob_config: {{dependencies: [{entry}]}}"
    assert parse(text).job_config.dependencies[0].gcp_project == "p"


@pytest.mark.parametrize("written", [f"input_topic: {TOPIC}", f"input_topics: [{TOPIC}]"])
def test_a_parent_that_reads_our_own_topic_is_told(job_complaint: Callable[..., str], written: str) -> None:
    ours = f"events: {{inputs: [{{type: pubsub, topic: {TOPIC}}}]}}"
    told = job_complaint(f"{ours}\ndependencies: [{{job_name: a, {written}}}]")
    assert told == (
        f"klio-job.yaml:5: job_config.dependencies[0].{written.partition(':')[0]}: "
        "the topic that job_config.events.inputs[0] reads: this job would ask itself\n"
        "  to do: write the topic that the parent reads"
    )


PLACES = {
    "dead_letters: {type: file, location: 'gs://b/dead.jsonl'}": (
        "dead_letters.location: no line can be added to an object\n  got: 'gs://b/dead.jsonl'\n"
        "  to do: write `type: directory`: then each letter is an object"
    ),
    "dead_letters: {type: directory, location: 's3://b/dead'}": (
        "dead_letters.location: no place that dead letters can be kept in\n"
        "  expected: gs://BUCKET/…, or a directory of this machine\n  got: 's3://b/dead'"
    ),
    "status: {type: directory, location: 'gs://b/status'}": (
        "status.location: status records are written to this machine alone\n  got: 'gs://b/status'\n"
        "  to do: publish them: `type: pubsub`, with a topic"
    ),
}


@pytest.mark.parametrize("entry", PLACES)
def test_records_for_which_there_is_no_place_are_told(job_complaint: Callable[..., str], entry: str) -> None:
    assert job_complaint(f"events: {{{entry}}}") == f"klio-job.yaml:4: job_config.events.{PLACES[entry]}"


def test_dead_letters_may_go_to_cloud_storage() -> None:
    text = "job_name: j\njob_config: {events: {dead_letters: {type: directory, location: 'gs://b/dead'}}}\n"
    assert parse(text).job_config.events.dead_letters.location == "gs://b/dead"
