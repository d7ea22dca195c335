"""The tables, and every statement that changes or reads them, as jobs for the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch (number INTEGER NOT NULL);
INSERT INTO epoch SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM epoch);
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, settings BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subscriptions (id INTEGER PRIMARY KEY, settings BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, published INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS backlog (
    message INTEGER NOT NULL,
    subscription INTEGER NOT NULL,
    ordering_key TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    acked INTEGER NOT NULL DEFAULT 0,  -- kept though acknowledged: retain_acked_messages
    PRIMARY KEY (message, subscription)
) WITHOUT ROWID;
-- A body is kept for as long as one subscription wants it.
CREATE TRIGGER IF NOT EXISTS nobody_wants AFTER DELETE ON backlog
WHEN NOT EXISTS (SELECT 1 FROM backlog WHERE message = OLD.message)
BEGIN DELETE FROM messages WHERE id = OLD.message; END;
"""

_FORGET_OLDER = """
DELETE FROM backlog WHERE subscription = ? AND message IN (SELECT id FROM messages WHERE published < ?)
"""
_RETAIN_OLDER = """
UPDATE backlog SET acked = 1 WHERE subscription = ? AND message IN (SELECT id FROM messages WHERE published < ?)
"""
_REVIVE_NEWER = """
UPDATE backlog SET acked = 0, failures = 0
WHERE subscription = ? AND message IN (SELECT id FROM messages WHERE published >= ?)
"""

Change = Callable[[sqlite3.Connection], None]


class Published(NamedTuple):
    """A message to store: its id, when it was published (ns since 1970), and itself on the wire."""

    id: int
    published: int
    body: bytes


class Wanted(NamedTuple):
    """A subscription has this message to deliver."""

    message: int
    subscription: int
    ordering_key: str
    failures: int = 0


def publish(messages: Sequence[Published], wanted: Sequence[Wanted]) -> Change:
    """Store messages and who is to get them."""

    def job(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO messages VALUES (?, ?, ?)", messages)
        connection.executemany(
            "INSERT INTO backlog (message, subscription, ordering_key, failures) VALUES (?, ?, ?, ?)", wanted
        )

    return job


def acknowledge(subscription: int, messages: Sequence[int], *, retain: bool) -> Change:
    """These messages are done with; `retain` keeps them for a later seek."""
    change = (
        "UPDATE backlog SET acked = 1 WHERE message = ? AND subscription = ?"
        if retain
        else "DELETE FROM backlog WHERE message = ? AND subscription = ?"
    )
    rows = [(message, subscription) for message in messages]
    return lambda connection: _discard(connection.executemany(change, rows))


def record_failures(subscription: int, failures: Sequence[tuple[int, int]]) -> Change:
    """(message, how often its delivery failed), so that a restart does not forget."""
    rows = [(count, message, subscription) for message, count in failures]
    change = "UPDATE backlog SET failures = ? WHERE message = ? AND subscription = ?"
    return lambda connection: _discard(connection.executemany(change, rows))


def save_topic(name: str, settings: bytes) -> Change:
    """Write a new or changed topic."""
    change = "INSERT OR REPLACE INTO topics VALUES (?, ?)"
    return lambda connection: _discard(connection.execute(change, (name, settings)))


def delete_topic(name: str) -> Change:
    """Remove a topic; messages belong to subscriptions and stay."""
    return lambda connection: _discard(connection.execute("DELETE FROM topics WHERE name = ?", (name,)))


def save_subscription(number: int, settings: bytes) -> Change:
    """Write a new or changed subscription."""
    change = "INSERT OR REPLACE INTO subscriptions VALUES (?, ?)"
    return lambda connection: _discard(connection.execute(change, (number, settings)))


def delete_subscription(number: int) -> Change:
    """Remove a subscription with its backlog."""

    def job(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM backlog WHERE subscription = ?", (number,))
        connection.execute("DELETE FROM subscriptions WHERE id = ?", (number,))

    return job


def empty_backlog(number: int) -> Change:
    """Forget what a subscription had to deliver."""
    change = "DELETE FROM backlog WHERE subscription = ?"
    return lambda connection: _discard(connection.execute(change, (number,)))


def seek(number: int, time: int, *, retain: bool) -> Callable[[sqlite3.Connection], list[Wanted]]:
    """Messages published before `time` (ns) become acknowledged, the later ones that are kept unacknowledged.

    Returns what the subscription then has to deliver.
    """
    before = _RETAIN_OLDER if retain else _FORGET_OLDER

    def job(connection: sqlite3.Connection) -> list[Wanted]:
        connection.execute(before, (number, time))
        connection.execute(_REVIVE_NEWER, (number, time))
        return [wanted for wanted in unacknowledged(connection) if wanted.subscription == number]

    return job


def purge(number: int, before: int) -> Change:
    """Forget what a subscription has kept since before `before` (ns), acknowledged or not."""
    return lambda connection: _discard(connection.execute(_FORGET_OLDER, (number, before)))


def unacknowledged(connection: sqlite3.Connection) -> list[Wanted]:
    """Every message still to be delivered, oldest first."""
    query = "SELECT message, subscription, ordering_key, failures FROM backlog WHERE NOT acked ORDER BY message"
    return [Wanted(*row) for row in connection.execute(query)]


def topics(connection: sqlite3.Connection) -> list[bytes]:
    """The settings of every topic."""
    return [row[0] for row in connection.execute("SELECT settings FROM topics ORDER BY name")]


def subscriptions(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """The number and settings of every subscription."""
    return list(connection.execute("SELECT id, settings FROM subscriptions ORDER BY id"))


def _discard(_cursor: sqlite3.Cursor) -> None:
    """Jobs that change things return nothing; a cursor must not leave its thread."""
