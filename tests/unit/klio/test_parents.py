import time
from datetime import UTC, datetime

import pytest

from klio.parents import OnTheWay, Parent, asking, parents_of, visits
from klio_core.config import parse
from klio_core.message import ANYONE, Anyone, JobRef, Limited, Message, Visit

ME, PARENT, CHILD = JobRef("me", "p"), JobRef("parent", "p"), JobRef("child", "p")


def test_a_job_file_names_its_parents_and_what_they_make():
    config = parse("""
job_name: me
pipeline_options: {project: p}
job_config:
  events: {inputs: [{type: pubsub, topic: projects/p/topics/mine}]}
  data:
    inputs:
      - {type: gcs, location: gs://b/one, name: one}
      - {type: gcs, location: gs://b/two}
  dependencies:
    - {job_name: parent, input_topics: [projects/p/topics/parent, projects/p/topics/other], makes: 1}
    - {job_name: far, gcp_project: q, input_topics: [projects/q/topics/far], makes: one}
""")
    assert parents_of(config) == (
        Parent(JobRef("parent", "p"), "projects/p/topics/parent", (1,)),
        Parent(JobRef("far", "q"), "projects/q/topics/far", (0,)),
    )


def test_what_came_top_down_goes_to_the_parent_and_us_and_is_for_anyone_when_it_comes_back():
    asked = asking(Message.of(b"a"), ME, PARENT)
    assert asked.recipients == Limited((PARENT, ME), ME)
    assert asked.addressed_to(PARENT).recipients == asked.recipients
    assert asked.addressed_to(CHILD) is None
    assert asked.addressed_to(ME).recipients is ANYONE


def test_what_came_bottom_up_stays_bottom_up():
    asked = asking(Message.of(b"a", recipients=Limited((ME,))), ME, PARENT)
    assert asked.recipients == Limited((PARENT, ME), None)
    assert asked.addressed_to(ME).recipients == asked.recipients


def test_over_several_hops_those_who_wait_stay_on_the_list_once():
    grandparent = JobRef("grandparent", "p")
    first = asking(Message.of(b"a"), ME, PARENT)
    second = asking(first, PARENT, grandparent)
    assert second.recipients == Limited((grandparent, PARENT, ME), ME)
    assert asking(second, ME, PARENT).recipients == Limited((PARENT, grandparent, ME), ME)


@pytest.mark.parametrize("recipients", [ANYONE, Limited((ME,))])
def test_a_trigger_keeps_what_was_asked_for_and_its_flags(recipients: Anyone | Limited):
    asked = asking(Message.of(b"a", force=True, payload=b"bass+drums", recipients=recipients), ME, PARENT)
    assert (asked.payload, asked.force) == (b"bass+drums", True)


def test_our_visits_are_counted_and_no_others():
    now = datetime.now(UTC)
    message = Message.of(b"a").with_visit(Visit(now, ME)).with_visit(Visit(now, PARENT)).with_visit(Visit(now, ME))
    assert visits(message, ME) == 2


def test_what_was_asked_for_is_on_the_way_until_its_time_is_over():
    way = OnTheWay(ttl_s=0.05)
    assert "a" not in way
    way.add("a")
    assert "a" in way
    deadline = time.monotonic() + 5
    while "a" in way:
        assert time.monotonic() < deadline
