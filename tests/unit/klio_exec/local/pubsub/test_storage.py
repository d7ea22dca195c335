from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_core.errors import LocalCloudError
from klio_exec.local.pubsub import schema
from klio_exec.local.pubsub.schema import Published, Wanted
from klio_exec.local.pubsub.storage import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "pubsub.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def publish(store: Store, message: int, *subscriptions: int, published: int = 1, body: bytes = b"body") -> None:
    wanted = [Wanted(message, subscription, "") for subscription in subscriptions]
    store.write([schema.publish([Published(message, published, body)], wanted)])


def kept(store: Store) -> list[int]:
    return store.read(lambda connection: [row[0] for row in connection.execute("SELECT id FROM messages ORDER BY id")])


def test_every_start_has_a_greater_epoch(path: Path) -> None:
    epochs = []
    for _ in range(3):
        store = Store(path)
        epochs.append(store.epoch)
        store.close()
    assert epochs == [1, 2, 3]


def test_a_body_is_kept_until_the_last_subscription_has_acknowledged_it(store: Store) -> None:
    publish(store, 1, 10, 20)
    store.write([schema.acknowledge(10, [1], retain=False)])
    assert kept(store) == [1]
    store.write([schema.acknowledge(20, [1], retain=False)])
    assert kept(store) == []


def test_a_deleted_subscription_takes_along_what_only_it_wanted(store: Store) -> None:
    publish(store, 1, 10, 20)
    publish(store, 2, 10)
    store.write([schema.delete_subscription(10)])
    assert kept(store) == [1]
    assert store.read(schema.unacknowledged) == [Wanted(1, 20, "", 0)]


def test_failures_are_remembered(store: Store) -> None:
    publish(store, 1, 10)
    store.write([schema.record_failures(10, [(1, 3)])])
    assert store.read(schema.unacknowledged) == [Wanted(1, 10, "", 3)]


def test_a_retained_message_is_done_with_and_still_there(store: Store) -> None:
    publish(store, 1, 10)
    store.write([schema.acknowledge(10, [1], retain=True)])
    assert store.read(schema.unacknowledged) == []
    assert kept(store) == [1]


def test_seek_acknowledges_what_is_older_and_revives_what_is_newer(store: Store) -> None:
    for message, published in ((1, 100), (2, 200), (3, 300)):
        publish(store, message, 10, 20, published=published)
    store.write([schema.acknowledge(10, [3], retain=True)])
    [wanted] = store.write([schema.seek(10, 200, retain=True)])
    assert wanted == [Wanted(2, 10, ""), Wanted(3, 10, "")]
    [wanted] = store.write([schema.seek(10, 0, retain=True)])
    assert wanted == [Wanted(1, 10, ""), Wanted(2, 10, ""), Wanted(3, 10, "")]


def test_seek_forgets_what_is_older_where_nothing_is_retained(store: Store) -> None:
    for message, published in ((1, 100), (2, 200)):
        publish(store, message, 10, published=published)
    store.write([schema.seek(10, 200, retain=False)])
    assert kept(store) == [2]


def test_purge_forgets_what_is_older_acknowledged_or_not(store: Store) -> None:
    for message, published in ((1, 100), (2, 100), (3, 200)):
        publish(store, message, 10, published=published)
    store.write([schema.acknowledge(10, [2], retain=True)])
    store.write([schema.purge(10, 200)])
    assert kept(store) == [3]


def test_a_group_of_jobs_is_written_whole_or_not_at_all(store: Store) -> None:
    good = schema.publish([Published(1, 1, b"x")], [Wanted(1, 10, "")])
    twice = schema.publish([Published(1, 1, b"x")], [])
    with pytest.raises(sqlite3.IntegrityError):
        store.write([good, twice])
    assert kept(store) == []
    store.write([good])
    assert kept(store) == [1]


def test_bodies_are_read_in_order_until_the_budget_is_passed(store: Store) -> None:
    for message in (1, 2, 3):
        publish(store, message, 10, body=b"x" * 60)
    assert list(store.bodies([1, 2, 3], 100)) == [1, 2]
    assert store.bodies([2, 99], 1_000) == {2: b"x" * 60, 99: None}


def test_a_file_in_use_is_refused_and_left_alone(path: Path, store: Store) -> None:
    publish(store, 1, 10)
    with pytest.raises(LocalCloudError, match="Another local Pub/Sub is using this file") as error:
        Store(path)
    assert error.value.where == str(path)
    assert "klio local status" in str(error.value)
    assert kept(store) == [1]


def test_a_file_is_free_again_after_its_store_is_closed(path: Path) -> None:
    Store(path).close()
    Store(path).close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"my thesis" * 1_000)
    with pytest.raises(LocalCloudError, match="cannot be opened") as error:
        Store(path)
    assert "klio local reset" in str(error.value)
    assert path.read_bytes() == b"my thesis" * 1_000


def test_a_file_of_another_version_is_refused_with_both_versions(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LocalCloudError) as error:
        Store(path)
    assert (error.value.expected, error.value.got) == ("format 1", "format 99")


def test_a_directory_in_the_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(LocalCloudError, match="cannot be opened"):
        Store(path)
