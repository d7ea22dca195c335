from collections.abc import Callable

import pytest

from klio_core.config import PubSubEventInput


@pytest.mark.parametrize(
    "topic",
    [
        "projects/p/topics/abc",
        "projects/example.com:my-project/topics/A-b_c.d~e+f%g",
        f"projects/p/topics/a{'b' * 254}",
    ],
)
def test_well_formed_topics_are_taken(topic: str) -> None:
    assert PubSubEventInput(topic=topic).topic == topic


@pytest.mark.parametrize(
    "topic",
    [
        "topic",
        "projects/p/topics/ab",
        "projects/p/topics/1ab",
        "projects/p/topics/google",
        "projects//topics/abc",
        "projects/p/subscriptions/abc",
        "projects/p/topics/a b c",
        "projects/P/topics/abc",
        "projects/p/topics/abc\n",
        "",
        f"projects/p/topics/a{'b' * 255}",
        "pubsub://projects/p/topics/abc",
    ],
)
def test_other_topics_are_told(job_complaint: Callable[..., str], topic: str) -> None:
    quoted = topic.replace("\n", "\\n")
    told = job_complaint(f'events: {{inputs: [{{type: pubsub, topic: "{quoted}"}}]}}')
    assert told.startswith(
        "klio-job.yaml:4: job_config.events.inputs[0].topic: not a well-formed name\n"
        "  expected: projects/PROJECT/topics/NAME, the name of 3 to 255 characters, a letter first\n"
    )


def test_a_topic_is_no_subscription(job_complaint: Callable[..., str]) -> None:
    told = job_complaint("events: {inputs: [{type: pubsub, subscription: projects/p/topics/abc}]}")
    assert told.splitlines()[1].startswith("  expected: projects/PROJECT/subscriptions/NAME")
