from collections.abc import Callable

import pytest

from klio_core.config import InvalidConfig, KlioJobConfig, parse

TOPIC = "projects/p/topics/parent"


def job(dependencies: str) -> KlioJobConfig:
    return parse(f"job_name: j\njob_config: {{dependencies: {dependencies}}}").job_config


def test_without_dependencies_there_are_none_and_triggers_have_their_limits() -> None:
    for nothing in ("", "[]"):
        made = job(nothing)
        assert (made.dependencies, made.trigger_ttl_s, made.max_triggers) == ((), 600.0, 3)


def test_a_parent_has_a_name_and_topics_and_belongs_to_our_project() -> None:
    (parent,) = job(f"[{{job_name: a, region: europe-west1, input_topics: [{TOPIC}, {TOPIC}-2]}}]").dependencies
    assert (parent.job_name, parent.gcp_project, parent.region) == ("a", None, "europe-west1")
    assert parent.input_topics == (TOPIC, f"{TOPIC}-2")


@pytest.mark.parametrize("written", [f"input_topic: {TOPIC}", f"input_topics: {TOPIC}", f"input_topic: [{TOPIC}]"])
def test_a_single_topic_needs_no_list(written: str) -> None:
    assert job(f"[{{job_name: a, {written}}}]").dependencies[0].input_topics == (TOPIC,)


def test_a_parent_without_topics_cannot_be_asked(job_complaint: Callable[..., str]) -> None:
    assert job_complaint("dependencies:\n  - job_name: a") == (
        "klio-job.yaml:5: job_config.dependencies[0].input_topics: a required key is missing\n"
        "  to do: add the key input_topics"
    )
    assert "input_topics: a required key" in job_complaint("dependencies:\n  - {job_name: a, input_topics: []}")


@pytest.mark.parametrize("written", ["{job_name: a}", "{job_name: a, inbox: mail}"])
def test_a_batch_job_names_its_parents_alone(written: str) -> None:
    text = f"job_name: j\npipeline_options: {{streaming: false}}\njob_config: {{dependencies: [{written}]}}"
    assert parse(text).job_config.dependencies[0].input_topics == ()


@pytest.mark.parametrize("makes", ["true", "-1", "1.5", "''", "[0]"])
def test_what_a_parent_makes_is_a_name_or_a_number(job_complaint: Callable[..., str], makes: str) -> None:
    told = job_complaint(f"dependencies:\n  - {{job_name: a, input_topics: {TOPIC}, makes: {makes}}}")
    assert "expected: the name or the number, from 0, of a data input" in told


@pytest.mark.parametrize(
    "wrong", ["3", "{job_name: a}", "[a]", "[{input_topics: [projects/p/topics/parent]}]", "[{job_name: a, topic: b}]"]
)
def test_what_is_no_list_of_parents_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidConfig):
        job(wrong)
