from __future__ import annotations

import fcntl
import logging
import multiprocessing
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from google.cloud import pubsub

from klio.context import KlioContext
from klio.data.stores import store_for
from klio.events.dead_letters import (
    DirectoryOfDeadLetters,
    FileOfDeadLetters,
    TopicOfDeadLetters,
    dead_letters_for,
    default_dead_letters,
)
from klio.events.pubsub import ensure_subscription, ensure_topic
from klio_core.config import parse
from klio_core.dead_letter import DeadLetter
from klio_core.errors import EventError
from klio_exec.local.objects import local_objects
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


@pytest.mark.slow
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
    assert caught.value.what == "a dead letter could not be kept"
    assert str(caught.value.where).startswith(str(tmp_path / "taken"))
    assert re.match("could not write a file|FileExistsError", str(caught.value.got))


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


def test_a_letter_that_is_too_large_for_a_topic_is_not_kept_and_says_its_size():
    large = DeadLetter(b"x" * 8_000_000, b"a", "mixer", "exception", "ValueError", "no good", 1.0)

    with pytest.raises(EventError) as caught:
        TopicOfDeadLetters("projects/p/topics/nobody-is-asked").write(large)

    assert re.fullmatch(r"10666\d{3} bytes, more than a message of Pub/Sub may have", str(caught.value.got))


def test_a_line_that_was_torn_spoils_no_other(tmp_path: Path):
    path = tmp_path / "dead.jsonl"
    path.write_bytes(letter(b"a").encode() + b"\n" + letter(b"b").encode()[:30])

    FileOfDeadLetters(str(path)).write(letter(b"c"))

    first, torn, last = path.read_bytes().splitlines()
    assert (DeadLetter.decode(first).element, DeadLetter.decode(last).element) == (b"a", b"c")
    assert torn == letter(b"b").encode()[:30]


FILLS_THE_DISK = """
import resource, sys
from klio.events.dead_letters import dead_letters_for
from klio_core.dead_letter import DeadLetter
from klio_core.errors import EventError

def letter(element, size):
    return DeadLetter(b"x" * size, element, "mixer", "exception", "ValueError", "no good", 1.0)

sink = dead_letters_for(*sys.argv[1:])
sink.write(letter(b"small", 10))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    sink.write(letter(b"large", 40_000))
except EventError as error:
    print(error.what)
sink.write(letter(b"small too", 10))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sink.write(letter(b"large", 40_000))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["directory", "file"])
def test_where_no_more_can_be_written_half_a_letter_is_none_and_the_next_ones_are_kept(tmp_path: Path, kind: str):
    place = tmp_path / "dead"

    ran = subprocess.run(
        [sys.executable, "-c", FILLS_THE_DISK, kind, str(place)], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "a dead letter could not be kept\n"
    kept = (path.read_bytes() for path in place.iterdir()) if kind == "directory" else place.read_bytes().splitlines()
    assert sorted(DeadLetter.decode(raw).element for raw in kept) == [b"large", b"small", b"small too"]


def test_a_file_that_was_replaced_while_a_letter_waited_gets_the_letter_all_the_same(tmp_path: Path):
    path, other = tmp_path / "dead.jsonl", tmp_path / "other"
    path.write_bytes(letter(b"a").encode() + b"\n")
    other.write_bytes(b"")
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        writing = threading.Thread(target=FileOfDeadLetters(str(path)).write, args=(letter(b"b"),))
        writing.start()
        other.replace(path)
    writing.join()

    assert [DeadLetter.decode(line).element for line in path.read_bytes().splitlines()] == [b"b"]


ELSEWHERE = """
import pickle, sys
from klio_core.dead_letter import Failure
context = pickle.load(sys.stdin.buffer)
context.bury(b"raw", b"a", Failure.of(ValueError("no good")), "the topic")
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pubsub", "directory"])
def test_a_worker_that_has_nothing_but_the_pickled_context_keeps_letters_in_the_cloud(tmp_path: Path, kind: str):
    place = {"pubsub": "topic: projects/klio-local/topics/dead", "directory": "location: gs://letters/mixer"}[kind]
    job = f"job_name: mixer\njob_config: {{events: {{dead_letters: {{type: {kind}, {place}}}}}}}\n"
    travels = pickle.dumps(KlioContext(parse(job)))

    with local_pubsub() as endpoint, local_objects(make_buckets=True) as objects:
        environment = {"PUBSUB_EMULATOR_HOST": endpoint, "STORAGE_EMULATOR_HOST": objects, "NO_GCE_CHECK": "true"}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            kept = kept_in_the_cloud(kind, travels, tmp_path)

    assert [(one.element, one.message, one.source, one.text) for one in kept] == [
        (b"a", b"raw", "the topic", "no good")
    ]
    assert list(tmp_path.iterdir()) == []


def kept_in_the_cloud(kind: str, travels: bytes, nowhere: Path) -> list[DeadLetter]:
    """Let another process bury a message, and answer the letters that there are then."""
    topic, path = "projects/klio-local/topics/dead", "projects/klio-local/subscriptions/dead"
    ensure_topic(topic)
    ensure_subscription(path, topic)
    subprocess.run([sys.executable, "-c", ELSEWHERE], input=travels, cwd=nowhere, check=True)
    if kind == "directory":
        store = store_for("gs://letters")
        (name,) = store.paths("gs://letters/mixer/")
        with store.open(name) as file:
            return [DeadLetter.decode(file.read())]
    with pubsub.SubscriberClient() as subscriber:
        received = subscriber.pull(subscription=path, max_messages=2, timeout=10).received_messages
    return [DeadLetter.decode(one.message.data) for one in received]


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
