from __future__ import annotations

from klio_core.config import parse
from klio_core.needs import Kind, needs

JOB = """
job_name: mix
pipeline_options: {streaming: true, runner: DataflowRunner, temp_location: gs://staged/temp}
job_config:
  dependencies:
    - {job_name: load, input_topics: projects/p-x/topics/load-in}
  events:
    inputs:
      - {type: pubsub, topic: projects/p-x/topics/mix-in}
      - {type: pubsub, subscription: projects/p-x/subscriptions/other}
    outputs:
      - {type: pubsub, topic: projects/p-x/topics/mix-out}
    dead_letters: {type: pubsub, topic: projects/p-x/topics/dead}
    status: {type: pubsub, topic: projects/p-x/topics/told}
  data:
    inputs: [{type: gcs, location: gs://media/in}]
    outputs: [{type: gcs, location: gs://media/out}]
"""


def test_a_job_needs_each_resource_once_with_all_that_it_does_with_it():
    found = {str(need): (sorted(one.rpartition(".")[2] for one in need.rights), need.own) for need in needs(parse(JOB))}

    assert found == {
        "topic projects/p-x/topics/mix-in": ([], False),
        "topic projects/p-x/topics/other": ([], False),
        "topic projects/p-x/topics/mix-out": (["publish"], True),
        "topic projects/p-x/topics/load-in": (["publish"], False),
        "topic projects/p-x/topics/dead": (["publish"], False),
        "topic projects/p-x/topics/told": (["publish"], False),
        "subscription projects/p-x/subscriptions/mix-in-mix": (["consume"], True),
        "subscription projects/p-x/subscriptions/other": (["consume"], True),
        "subscription projects/p-x/subscriptions/dead-mix": (["consume"], False),
        "bucket gs://media": (["create", "delete", "get", "list"], False),
        "bucket gs://staged": (["create", "delete", "get", "list"], False),
    }


def test_letters_are_kept_apart_by_job_and_nothing_expires():
    found = {need.name: need.made_as for need in needs(parse(JOB)) if need.kind is Kind.SUBSCRIPTION}

    assert found["projects/p-x/subscriptions/dead-mix"]["filter"] == 'attributes.job = "mix"'
    assert {settings["topic"].rpartition("/")[2] for settings in found.values()} == {"mix-in", "other", "dead"}
    assert all(settings["expiration_policy"] == {} for settings in found.values())


def test_a_topic_of_two_uses_is_one_need_and_no_jobs_own():
    both = JOB.replace("topics/told", "topics/mix-out")

    (topic,) = [need for need in needs(parse(both)) if need.name.endswith("mix-out")]
    assert (topic.uses, topic.own) == (("event output", "status records"), False)


def test_a_job_on_this_machine_needs_nothing():
    assert needs(parse("job_name: j\njob_config: {}\npipeline_options: {runner: DirectRunner}\n")) == []
