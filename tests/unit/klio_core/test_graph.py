from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klio_core.config import parse
from klio_core.errors import UsageError
from klio_core.graph import Edge, Graph, Job, Kind, Node, Weight, problems_of
from klio_core.graph.order import depths, walk

Places = dict[str, Any]


def job(name: str, reads: str = "", writes: str = "", takes: str = "", makes: str = "", **more: Any) -> Job:
    """A job of space-separated names: topics that it reads and writes, directories that it takes and makes."""
    parents = [
        {"job_name": parent, "input_topics": [topic(by)], "makes": number}
        for number, (parent, by) in enumerate(more.pop("asks", {}).items())
    ]
    config = {
        "job_name": name,
        "pipeline_options": {"project": more.pop("project", "studio")},
        "job_config": {
            "dependencies": parents,
            "events": {
                "inputs": [{"type": "pubsub", "topic": topic(one)} for one in reads.split()],
                "outputs": [{"type": "pubsub", "topic": topic(one)} for one in writes.split()],
            },
            "data": {
                "inputs": [data(one) for one in takes.split()],
                "outputs": [data(one) for one in makes.split()],
            },
        },
    }
    return Job(parse(json.dumps(config)), Path("/jobs") / name)


def topic(name: str) -> str:
    return f"projects/studio/topics/{name}"


def data(name: str) -> dict[str, str]:
    location, _, suffix = name.partition("*")
    return {"type": "file", "location": location, "file_suffix": suffix}


def told(*jobs: Job, weight: Weight = Weight.ERROR) -> list[str]:
    return [problem.what for problem in problems_of(Graph(jobs)) if problem.weight is weight]


A = job("a", "a-in", "a-out", "../source", "../wav*.wav")
B = job("b", "b-in a-out", "b-out", "../wav*.wav", "../mp3*.mp3", asks={"a": "a-in"})
C = job("c", "a-out", "c-out", "../wav*.wav", "../ogg*.ogg")
D = job("d", "b-out c-out", "d-out", "../mp3*.mp3 ../ogg*.ogg", "mix", asks={"b": "b-in"})


def test_jobs_are_joined_by_the_events_and_the_data_that_one_writes_and_another_reads():
    graph = Graph([D, C, B, A])

    assert graph.order == ["a", "c", "b", "d"]
    assert graph.depth == {"a": 0, "b": 1, "c": 1, "d": 2}
    assert {name: set(below) for name, below in graph.below.items()} == {
        "a": {"b", "c"},
        "b": {"d"},
        "c": {"d"},
        "d": set(),
    }
    assert (graph.roots, graph.leaves, graph.circles) == (["a"], ["d"], [])
    assert graph.above("b") == {"a", "b"}
    assert graph.above("d") == {"a", "b", "c", "d"}


def test_relative_places_count_from_the_directory_of_their_job():
    assert A.makes == (Node(Kind.DATA, "/jobs/wav/*.wav"),)
    assert D.makes == (Node(Kind.DATA, "/jobs/d/mix/*"),)


def test_who_writes_and_who_reads_a_place_is_known():
    graph = Graph([A, B, C, D])

    assert (graph.makers(A.makes[0]), graph.readers(A.makes[0])) == (["a"], ["b", "c"])
    assert Edge(A.node, A.makes[0]) in graph.edges


def test_a_subscription_whose_topic_nobody_names_is_of_the_topic_of_its_name():
    text = "{job_name: x, job_config: {events: {inputs: [{type: pubsub, subscription: projects/p/subscriptions/sub}]}}}"

    assert Job(parse(text), Path("/x")).reads == (Node(Kind.EVENTS, "projects/p/topics/sub"),)


def test_files_of_events_join_batch_jobs():
    text = (
        "{job_name: %s, pipeline_options: {streaming: false}, job_config: {events: {%s: [{type: file, location: %s}]}}}"
    )
    one = Job(parse(text % ("one", "outputs", "../done")), Path("/jobs/one"))
    two = Job(parse(text % ("two", "inputs", "'../done*'")), Path("/jobs/two"))

    assert Graph([two, one]).order == ["one", "two"]


def test_two_jobs_of_one_name_are_refused():
    with pytest.raises(UsageError, match="two jobs are named a") as raised:
        Graph([A, job("a")])
    assert raised.value.todo == "give one of them another job_name, or leave one out"


def test_a_graph_in_order_has_notes_only():
    found = problems_of(Graph([A, B, C, D]))

    assert [(problem.weight, problem.what) for problem in found] == [
        (Weight.NOTE, "entry: a reads projects/studio/topics/a-in, to which no job here writes"),
        (Weight.NOTE, "a reads /jobs/source/*, which no job here makes"),
        (Weight.NOTE, "entry: b reads projects/studio/topics/b-in, to which no job here writes"),
        (Weight.NOTE, "end: d writes projects/studio/topics/d-out, which no job here reads"),
    ]


def test_jobs_in_a_circle_are_an_error():
    assert told(job("x", "two", "one"), job("y", "one", "two")) == ["x → y → x: each waits for the one before"]


def test_a_job_that_reads_what_it_wrote_before_if_it_is_there_does_not_wait_for_itself():
    record = {"type": "file", "location": "/out", "file_suffix": ".json", "skip_klio_existence_check": True}
    text = json.dumps({"job_name": "x", "job_config": {"data": {"inputs": [record], "outputs": [record]}}})

    assert told(Job(parse(text), Path("/jobs/x"))) == []


def test_two_jobs_that_write_the_same_files_are_an_error_and_other_suffixes_are_none():
    one, two, three = job("one", makes="/out*.ogg"), job("two", makes="/out/*.ogg"), job("three", makes="/out*.wav")

    expected = "one and two write /out/*.ogg: whoever comes first does the other's work"
    assert told(one, two, three) == [expected]


def test_a_parent_that_is_not_here_is_worth_a_thought():
    assert told(B, weight=Weight.WARNING) == ["b asks a for what is missing, and that job is not here"]


BAD_PARENTS = {
    "another place": (
        job("a", "a-in", makes="../wav*.mp3"),
        "b asks a for /jobs/wav/*.wav, but it makes /jobs/wav/*.mp3",
    ),
    "nothing": (job("a", "a-in"), "b asks a for /jobs/wav/*.wav, but it makes nothing"),
    "another topic": (
        job("a", "x-in", makes="../wav*.wav"),
        "b asks a by projects/studio/topics/a-in, which it does not read",
    ),
    "another project": (
        job("a", "a-in", makes="../wav*.wav", project="radio"),
        "b asks a as a job of project studio, but it is of radio",
    ),
}


@pytest.mark.parametrize(("parent", "what"), BAD_PARENTS.values(), ids=BAD_PARENTS.keys())
def test_a_parent_that_cannot_make_what_it_is_asked_for_is_an_error(parent: Job, what: str):
    assert told(parent, B) == [what]


def test_a_parent_is_not_asked_for_what_is_not_looked_for():
    notes = {"type": "file", "location": "/notes", "file_suffix": ".json", "skip_klio_existence_check": True}
    dependency = {"job_name": "a", "input_topics": [topic("a-in")]}
    data_inputs = [{"type": "file", "location": "/jobs/wav", "file_suffix": ".wav"}, notes]
    said = {"dependencies": [dependency], "data": {"inputs": data_inputs}}
    text = json.dumps({"job_name": "b", "pipeline_options": {"project": "studio"}, "job_config": said})

    assert told(A, Job(parse(text), Path("/jobs/b"))) == []


def test_a_topic_that_leads_nowhere_from_within_is_worth_a_thought():
    inner = job("a", "a-in", "a-out lost", "../source", "../wav*.wav")

    assert told(inner, B, weight=Weight.WARNING) == ["a writes projects/studio/topics/lost, which no job here reads"]


EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


@given(EDGES)
def test_every_circle_is_cut_and_what_is_left_is_in_order(edges: list[tuple[int, int]]):
    after = {node: [head for tail, head in edges if tail == node] for node in range(8)}
    nodes, circles = walk(after)
    cut = {(circle[-1], circle[0]) for circle in circles}
    depth = depths(after)

    assert sorted(nodes) == list(range(8))
    for circle in circles:
        assert all(head in after[tail] for tail, head in zip(circle, [*circle[1:], circle[0]], strict=True))
    for tail, head in set(edges) - cut:
        assert nodes.index(tail) < nodes.index(head)
        assert depth[tail] < depth[head]


def batch(name: str, side: str, **entry: str) -> Job:
    config = {
        "job_name": name,
        "pipeline_options": {"streaming": False},
        "job_config": {"events": {side: [{"type": "file", **entry}]}},
    }
    return Job(parse(json.dumps(config)), Path("/jobs") / name)


WRITTEN_AND_READ = {
    "the same name": ({"location": "../events/a", "file_name_suffix": ".txt"}, "../events/a*.txt", True),
    "a pattern of shards": ({"location": "../events/a", "file_name_suffix": ".txt"}, "../events/a-*-of-*", True),
    "all of a directory": ({"location": "../events/"}, "../events/*", True),
    "in the cloud": ({"location": "gs://b/events/a"}, "gs://b/events/*", True),
    "a single file": ({"location": "../a.txt", "shard_name_template": ""}, "../a.txt", True),
    "another name": ({"location": "../events/a", "file_name_suffix": ".txt"}, "../events/b*.txt", False),
    "a directory further down": ({"location": "../events/more/a"}, "../events/*", False),
}


@pytest.mark.parametrize(("written", "read", "flows"), WRITTEN_AND_READ.values(), ids=WRITTEN_AND_READ.keys())
def test_files_of_events_flow_to_the_job_whose_pattern_finds_them(written: dict[str, str], read: str, *, flows: bool):
    graph = Graph([batch("a", "outputs", **written), batch("b", "inputs", location=read)])

    assert graph.below == {"a": ("b",) if flows else (), "b": ()}
    assert (len(graph.jobs["b"].reads), len(graph.edges)) == (1, 2)


def test_a_job_that_could_read_its_own_files_of_events_is_no_circle():
    job = batch("a", "outputs", location="elements-done")
    both = parse(json.dumps({"job_name": "a", "pipeline_options": {"streaming": False}, "job_config": {"events": {
        "inputs": [{"type": "file", "location": "elements*"}],
        "outputs": [{"type": "file", "location": "elements-done"}]}}}))  # fmt: skip

    assert Graph([Job(both, job.directory)]).circles == []
