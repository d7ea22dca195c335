from __future__ import annotations

import logging
from concurrent.futures import Future
from pathlib import Path

import pytest
from google.cloud import pubsub

from klio.events.status import (
    DirectoryOfRecords,
    NoRecords,
    Recorder,
    SeveralRecords,
    TopicOfRecords,
    recorder_for,
    worker_name,
)
from klio_core.status import State, Status, records_in
from klio_exec.local.pubsub import local_pubsub


class Kept:
    """Records in a list."""

    def __init__(self) -> None:
        self.records: list[Status] = []

    def write(self, status: Status) -> None:
        self.records.append(status)

    @property
    def told(self) -> list[tuple[bytes, str, int]]:
        return [(one.element, str(one.state), one.attempt) for one in self.records]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def recorder(kept: Kept) -> Recorder:
    return Recorder("mixer", kept)


def test_a_record_says_who_and_when_and_what(recorder: Recorder, kept: Kept):
    recorder.tell(b"a", State.DROPPED, "input missing")

    (record,) = kept.records
    assert (record.element, record.job, record.state) == (b"a", "mixer", State.DROPPED)
    assert (record.note, record.worker, record.progress) == ("input missing", worker_name(), None)
    assert record.at > 1_700_000_000


def test_all_records_of_a_batch_have_its_attempts(recorder: Recorder, kept: Kept):
    recorder.begin({b"a": 1, b"b": 3})
    recorder.tell(b"b", State.WORKING)
    recorder.progress(b"b", 0.5)
    recorder.tell(b"b", State.COMMITTED)
    recorder.begin({b"b": 1})

    assert kept.told == [
        (b"a", "leased", 1),
        (b"b", "leased", 3),
        (b"b", "working", 3),
        (b"b", "working", 3),
        (b"b", "committed", 3),
        (b"b", "leased", 1),
    ]


def test_what_is_finished_in_a_batch_is_known_until_the_next(recorder: Recorder):
    recorder.begin({b"a": 1, b"b": 1, b"c": 1})
    recorder.tell(b"a", State.COMMITTED)
    recorder.tell(b"b", State.WORKING)
    recorder.tell(b"c", State.DEAD_LETTER)
    assert recorder.finished == {b"a", b"c"}

    recorder.begin({b"b": 1})
    assert recorder.finished == set()


def test_without_batches_nothing_piles_up(recorder: Recorder):
    recorder.tell(b"a", State.COMMITTED)
    recorder.rename(b"a", b"b")
    recorder.worked(b"a", 1)

    assert (recorder.finished, recorder.renamed) == (set(), {})


def test_elements_that_never_end_do_not_pile_up(recorder: Recorder):
    for number in range(30_000):
        recorder.worked(b"%d" % number, 1)

    assert len(recorder._spent_ns) <= 10_000


def test_progress_is_told_five_times_a_second_at_most(recorder: Recorder, kept: Kept):
    for step in range(1000):
        recorder.progress(b"a", step / 1000)

    assert len(kept.records) < 20
    assert kept.records[0].progress == 0.0


@pytest.mark.parametrize(("said", "told"), [(-1.0, 0.0), (0.25, 0.25), (7.0, 1.0)])
def test_progress_is_between_0_and_1(recorder: Recorder, kept: Kept, said: float, told: float):
    recorder.progress(b"a", said, "mixing")

    assert [(one.progress, one.note) for one in kept.records] == [(told, "mixing")]


def test_who_listens_to_nobody_is_silent(recorder: Recorder):
    assert Recorder("mixer", NoRecords()).silent
    assert not recorder.silent


def test_one_recorder_for_a_place_in_a_process(tmp_path: Path):
    assert recorder_for("mixer", None, str(tmp_path)) is recorder_for("mixer", None, str(tmp_path))
    assert recorder_for("mixer", None, None).silent


def test_several_places_get_the_same_records(kept: Kept):
    others = Kept()
    Recorder("mixer", SeveralRecords(kept, others)).tell(b"a", State.COMMITTED)

    assert kept.told == others.told == [(b"a", "committed", 1)]


def test_what_is_being_worked_on_is_said_again_with_each_renewal_and_what_is_finished_is_not(
    recorder: Recorder, kept: Kept
):
    recorder.begin({b"a": 1, b"b": 2, b"c": 1})
    recorder.tell(b"b", State.WORKING)
    recorder.tell(b"c", State.COMMITTED)
    kept.records.clear()
    recorder.renew()

    assert kept.told == [(b"a", "leased", 1), (b"b", "working", 2)]

    recorder.begin({})
    kept.records.clear()
    recorder.renew()

    assert kept.told == []


def test_the_runner_hears_what_the_authors_code_begins(recorder: Recorder):
    begun: list[bytes] = []
    recorder.when_begun = begun.append
    recorder.begin({b"a": 1})
    recorder.tell(b"a", State.WORKING)
    recorder.progress(b"a", 0.5)
    recorder.tell(b"a", State.COMMITTED)

    assert begun == [b"a"]


def test_a_directory_has_a_file_of_lines_for_each_worker(tmp_path: Path):
    recorder = Recorder("mixer", DirectoryOfRecords(str(tmp_path / "status")))
    recorder.tell(b"caf\xe9", State.WORKING)
    recorder.tell(b"caf\xe9", State.COMMITTED)

    (file,) = (tmp_path / "status").iterdir()
    assert file.name == f"{worker_name()}.jsonl"
    records = [Status.decode(line) for line in file.read_bytes().splitlines()]
    assert [(one.element, one.state) for one in records] == [
        (b"caf\xe9", State.WORKING),
        (b"caf\xe9", State.COMMITTED),
    ]


def test_a_directory_that_cannot_be_written_is_said_once_and_raises_nothing(tmp_path: Path, caplog):
    (tmp_path / "taken").write_text("")
    recorder = Recorder("mixer", DirectoryOfRecords(str(tmp_path / "taken")))
    caplog.set_level(logging.WARNING)

    recorder.tell(b"a", State.WORKING)
    recorder.tell(b"a", State.COMMITTED)

    assert [record.message.split(" (")[0] for record in caplog.records] == [
        f"status records cannot be written to {tmp_path}/taken/{worker_name()}.jsonl"
    ]


def test_what_is_settled_has_left(monkeypatch):
    topic, subscription = "projects/klio-local/topics/told", "projects/klio-local/subscriptions/told"
    with local_pubsub() as address:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        with pubsub.PublisherClient() as publisher, pubsub.SubscriberClient() as subscriber:
            publisher.create_topic(name=topic)
            subscriber.create_subscription(name=subscription, topic=topic)
            records = TopicOfRecords(topic, "mixer")
            records.write(Status(b"a", "mixer", State.COMMITTED, 1.0))
            records.settle()
            (answer,) = subscriber.pull(subscription=subscription, max_messages=10).received_messages

    assert [record.element for record in records_in(answer.message.data)] == [b"a"]


def test_records_leave_again_as_soon_as_there_are_credentials(monkeypatch, tmp_path: Path, caplog):
    topic, subscription = "projects/klio-local/topics/told", "projects/klio-local/subscriptions/told"
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    records = TopicOfRecords(topic, "mixer")
    for element in (b"a", b"b"):
        records.write(Status(element, "mixer", State.COMMITTED, 1.0))
        records.settle()
    (said,) = [record.message for record in caplog.records]
    assert "no credentials for Google Cloud" in said

    with local_pubsub() as address:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        with pubsub.PublisherClient() as publisher, pubsub.SubscriberClient() as subscriber:
            publisher.create_topic(name=topic)
            subscriber.create_subscription(name=subscription, topic=topic)
            records.write(Status(b"c", "mixer", State.COMMITTED, 1.0))  # nobody settles: its thread sends it
            (answer,) = subscriber.pull(subscription=subscription, max_messages=10, timeout=30.0).received_messages

    assert [record.element for record in records_in(answer.message.data)] == [b"c"]


def test_a_service_that_does_not_answer_is_not_waited_for_again_until_it_does():
    records = TopicOfRecords("projects/klio-local/topics/told", "mixer")
    records._last = silent = Future()
    silent.add_done_callback(records._sent)
    records.settle()
    assert not records._answers

    silent.set_result("an id")
    assert records._answers
