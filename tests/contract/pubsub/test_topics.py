from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from .cloud import PROJECT, Cloud, data, refused


def test_a_topic_that_was_made_can_be_looked_up(cloud: Cloud) -> None:
    name = cloud.topic()
    assert cloud.publisher.get_topic(topic=name).name == name


def test_a_topic_cannot_be_made_twice(cloud: Cloud) -> None:
    name = cloud.topic()
    assert refused(lambda: cloud.publisher.create_topic(name=name)) is StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize("bad", ["topic", f"{PROJECT}/topics/ab", f"{PROJECT}/topics/1abc", f"{PROJECT}/topics/goog-x"])
def test_a_malformed_name_is_an_invalid_argument(cloud: Cloud, bad: str) -> None:
    assert refused(lambda: cloud.publisher.create_topic(name=bad)) is StatusCode.INVALID_ARGUMENT


def test_a_topic_that_does_not_exist_is_not_found(cloud: Cloud) -> None:
    name = cloud.name("topics")
    assert refused(lambda: cloud.publisher.get_topic(topic=name)) is StatusCode.NOT_FOUND
    assert refused(lambda: cloud.publisher.delete_topic(topic=name)) is StatusCode.NOT_FOUND
    assert refused(lambda: cloud.publish(name, "a")) is StatusCode.NOT_FOUND


def test_topics_are_listed_by_project_page_by_page(cloud: Cloud) -> None:
    made = {cloud.topic() for _ in range(5)}
    pager = cloud.publisher.list_topics(request={"project": PROJECT, "page_size": 2})
    pages = [[topic.name for topic in page.topics] for page in pager.pages]
    assert max(len(page) for page in pages) == 2
    listed = [name for page in pages for name in page]
    assert len(listed) == len(set(listed))
    assert made <= set(listed)
    assert list(cloud.publisher.list_topics(project="projects/somebody-else")) == []


def test_the_subscriptions_of_a_topic_are_listed_page_by_page(cloud: Cloud) -> None:
    topic, first = cloud.pair()
    made = {first, cloud.subscription(topic), cloud.subscription(topic)}
    pager = cloud.publisher.list_topic_subscriptions(request={"topic": topic, "page_size": 2})
    assert {name for page in pager.pages for name in page.subscriptions} == made


def test_a_deleted_topic_is_gone_and_its_subscriptions_name_a_deleted_topic(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publisher.delete_topic(topic=topic)
    assert refused(lambda: cloud.publish(topic, "a")) is StatusCode.NOT_FOUND
    assert cloud.subscriber.get_subscription(subscription=subscription).topic == "_deleted-topic_"


def test_a_topic_made_anew_under_an_old_name_has_no_subscriptions(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publisher.delete_topic(topic=topic)
    cloud.publisher.create_topic(name=topic)
    cloud.publish(topic, "a")
    assert list(cloud.publisher.list_topic_subscriptions(topic=topic)) == []
    assert cloud.look(subscription) == []


@pytest.mark.stricter("the emulator forgets the backlog of a deleted topic's subscriptions")
def test_what_a_subscription_had_is_delivered_although_its_topic_is_deleted(cloud: Cloud) -> None:
    topic, subscription = cloud.pair()
    cloud.publish(topic, "a")
    cloud.publisher.delete_topic(topic=topic)
    assert data(cloud.pull(subscription)) == ["a"]


@pytest.mark.stricter("the emulator lists the subscriptions of a topic that does not exist as none")
def test_subscriptions_of_a_topic_that_does_not_exist_are_not_found(cloud: Cloud) -> None:
    missing = cloud.name("topics")
    assert refused(lambda: cloud.publisher.list_topic_subscriptions(topic=missing)) is StatusCode.NOT_FOUND


@pytest.mark.stricter("the emulator cannot change labels")
def test_the_labels_of_a_topic_can_be_changed(cloud: Cloud) -> None:
    name = cloud.topic(labels={"team": "a"})
    wanted = {"name": name, "labels": {"team": "b"}}
    cloud.publisher.update_topic(topic=wanted, update_mask=FieldMask(paths=["labels"]))
    assert dict(cloud.publisher.get_topic(topic=name).labels) == {"team": "b"}


@pytest.mark.stricter("the emulator answers UNKNOWN")
def test_a_malformed_project_is_an_invalid_argument(cloud: Cloud) -> None:
    assert refused(lambda: cloud.publisher.list_topics(project="my-project")) is StatusCode.INVALID_ARGUMENT
