from __future__ import annotations

import logging
import multiprocessing
from pathlib import Path

import pytest
from google.cloud import pubsub

from klio.events.dead_letters import (
    DirectoryOfDeadLetters,
    FileOfDeadLetters,
    TopicOfDeadLetters,
    dead_letters_for,
    default_dead_letters,
)
from klio_core.dead_letter import DeadLetter
from klio_core.errors import EventError
from klio_exec.local.pubsub import local_pubsub


def letter(element: bytes = b"a", reason: str = "exception", at: float = 1.0) -> DeadLetter:
    return DeadLetter(b"raw " + element, element, "mixer", reason, "ValueError", "no good", at)


def test_a_directory_has_a_file_for_each_letter(tmp_path: Path):
    directory = DirectoryOfDeadLetters(str(tmp_path / "not" / "yet"))
    directory.write(letter(b"a"))
    directory.write(letter(b"b"))

    found = [DeadLetter.decode(path.read_bytes()) for path in (tmp_path / "not" / "yet").iterdir()]
    assert sorted(one.element for one in found) == [b"a", b"b"]


def test_a_message_that_comes_back_with_the_same_reason_is_one_file_with_the_newest_word(tmp_path: Path):
    directory = DirectoryOfDeadLetters(str(tmp_path))
    directory.write(letter(at=1.0))
    directory.write(letter(at=2.0))
    directory.write(letter(reason="bad-element"))

    found = [DeadLetter.decode(path.read_bytes()) for path in tmp_path.iterdir()]
    assert sorted((one.reason, one.at) for one in found) == [("bad-element", 1.0), ("exception", 2.0)]


def test_a_file_has_a_line_for_each_letter(tmp_path: Path):
    file = FileOfDeadLetters(str(tmp_path / "below" / "dead.jsonl"))
    for element in (b"a", b"b", b"a"):
        file.write(letter(element))

    lines = (tmp_path / "below" / "dead.jsonl").read_bytes().splitlines()
    assert [DeadLetter.decode(line).element for line in lines] == [b"a", b"b", b"a"]


def write_many(path: str, name: bytes) -> None:
    file = FileOfDeadLetters(path)
    for _ in range(50):
        file.write(DeadLetter(name * 5000, name, "mixer", "exception", "ValueError", "no good", 1.0))


def test_several_processes_share_a_file_and_no_line_is_torn(tmp_path: Path):
    path = tmp_path / "dead.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(str(path), name)) for name in (b"x", b"y")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    letters = [DeadLetter.decode(line) for line in path.read_bytes().splitlines()]
    assert sorted(one.message for one in letters) == [b"x" * 5000] * 50 + [b"y" * 5000] * 50


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_a_letter_that_cannot_be_kept_is_an_error_that_says_where(tmp_path: Path, kind: str):
    (tmp_path / "taken").write_text("")

    with pytest.raises(EventError) as caught:
        dead_letters_for(kind, str(tmp_path / "taken" / "dead")).write(letter())

    assert caught.value.transient
    assert caught.value.what == "a dead letter could not be kept, so its message is not acknowledged"
    assert str(caught.value.where).startswith(str(tmp_path / "taken"))
    assert "NotADirectoryError" in str(caught.value.got) or "FileExistsError" in str(caught.value.got)


def test_a_topic_gets_a_message_with_its_reason_as_an_attribute(monkeypatch: pytest.MonkeyPatch):
    topic, path = "projects/klio-local/topics/dead", "projects/klio-local/subscriptions/dead"
    with local_pubsub() as endpoint:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", endpoint)
        publisher = pubsub.PublisherClient()
        with pubsub.SubscriberClient() as subscriber:
            publisher.create_topic(name=topic)
            subscriber.create_subscription(name=path, topic=topic)
            TopicOfDeadLetters(topic).write(letter())
            (received,) = subscriber.pull(subscription=path, max_messages=2, timeout=10).received_messages
        with pytest.raises(EventError, match="an event could not be published"):
            TopicOfDeadLetters(topic + "-that-is-not-there").write(letter())
        publisher.stop()
        publisher.transport.close()

    assert dict(received.message.attributes) == {"reason": "exception", "job": "mixer"}
    assert DeadLetter.decode(received.message.data) == letter()


def test_a_job_that_names_no_place_is_told_once_where_they_go(caplog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.WARNING, "klio")
    default_dead_letters.cache_clear()

    default_dead_letters().write(letter())
    default_dead_letters().write(letter(b"b"))

    assert len(list((tmp_path / ".klio" / "dead-letters").iterdir())) == 2
    assert [record.message for record in caplog.records] == [
        f"events.dead_letters is not set: dead letters go to {tmp_path}/.klio/dead-letters"
    ]
