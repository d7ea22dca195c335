from __future__ import annotations

import pytest
from grpc import StatusCode

from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.names import check_project, check_subscription, check_topic, project_of

GOOD = ["abc", "a-b_c.d~e+f%g", "A12", "x" * 255]
BAD = ["", "ab", "x" * 256, "1abc", "-abc", "goog", "google-topic", "a/b/c", "a b c", "a\nb", "abc\n", "äbc", "a$c"]


@pytest.mark.parametrize("name", GOOD)
def test_a_name_of_3_to_255_allowed_characters_is_taken(name: str) -> None:
    check_topic(f"projects/my-project/topics/{name}")
    check_subscription(f"projects/my-project/subscriptions/{name}")


@pytest.mark.parametrize("name", BAD)
def test_any_other_name_is_refused(name: str) -> None:
    for check, kind in ((check_topic, "topics"), (check_subscription, "subscriptions")):
        with pytest.raises(Refused, match="Invalid resource name given") as refused:
            check(f"projects/my-project/{kind}/{name}")
        assert refused.value.code is StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("name", ["", "topic", "projects/p", "projects//topics/abc", "projects/p/subscriptions/abc"])
def test_a_topic_is_named_within_a_project(name: str) -> None:
    with pytest.raises(Refused):
        check_topic(name)


def test_a_project_is_one_word() -> None:
    check_project("projects/my-project")
    for name in ("my-project", "projects/", "projects/a/b"):
        with pytest.raises(Refused):
            check_project(name)


def test_the_project_is_read_from_a_name() -> None:
    assert project_of("projects/my-project/topics/abc") == "my-project"
