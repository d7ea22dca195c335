"""The file: topics, subscriptions and every message that somebody has still to acknowledge, in SQLite.

Durability: the journal is a write-ahead log with synchronous=NORMAL. What was committed survives a kill -9 of this
process, because the log lies in the kernel's page cache by then; only a crash of the machine itself may lose the last
moments.

A change is a job: a function of the connection. Many jobs share one transaction (see committer), so a thousand
concurrent publishes cost one commit.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from klio_core.errors import LocalCloudError
from klio_exec.local.pubsub.schema import SCHEMA, VERSION

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]


class Store:
    """One database file, owned by this process alone: one connection writes, another reads.

    Raises LocalCloudError when the file belongs to a running server, is no database, or has another version's shape.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        with ExitStack() as opened:  # what was opened before something failed is closed again
            self._lock = opened.enter_context(_own(path))
            opened.enter_context(_naming(path))
            self._writer = opened.enter_context(closing(_connect(path)))
            self._prepare()
            self._reader = opened.enter_context(closing(_connect(path)))
            self._reader.execute("PRAGMA query_only = ON")
            self.epoch = self._begin_epoch()
            opened.pop_all()  # all is well, and stays open

    def write(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        """Run the jobs in one transaction and return what each returned; all or nothing (sqlite3.Error)."""
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [job(connection) for job in jobs]
            connection.execute("COMMIT")
        except BaseException:  # a cancelled one, too, is undone; raised again
            if connection.in_transaction:  # a full disk may have rolled back already
                connection.execute("ROLLBACK")
            raise
        return results

    def bodies(self, messages: Sequence[int], budget: int) -> dict[int, bytes | None]:
        """The serialised messages, read in order until `budget` bytes are passed; None where there is none."""
        found: dict[int, bytes | None] = {}
        for message in messages:
            row = self._reader.execute("SELECT body FROM messages WHERE id = ?", (message,)).fetchone()
            found[message] = row[0] if row else None
            budget -= len(row[0]) if row else 0
            if budget <= 0:
                break
        return found

    def read(self, job: Job[T]) -> T:
        """Run a query on the reading connection."""
        return job(self._reader)

    def close(self) -> None:
        """Fold the log into the file and let another server have it."""
        self._reader.close()
        self._writer.close()
        self._lock.close()

    def _prepare(self) -> None:
        (found,) = self._writer.execute("PRAGMA user_version").fetchone()
        if found not in {0, VERSION}:
            raise LocalCloudError(
                "The local Pub/Sub's file was written by another version of klio.",
                where=str(self.path),
                expected=f"format {VERSION}",
                got=f"format {found}",
                todo="`klio local reset` starts afresh (messages in it are lost), or run that version of klio.",
            )
        self._writer.executescript(f"{SCHEMA} PRAGMA user_version = {VERSION};")

    def _begin_epoch(self) -> int:
        """Every start has its own number, so ids of messages and acks are never used twice."""
        (row,) = self.write([_next_epoch])
        return int(row)


def _next_epoch(connection: sqlite3.Connection) -> int:
    query = "UPDATE epoch SET number = number + 1 RETURNING number"
    return int(connection.execute(query).fetchone()[0])


def _connect(path: Path) -> sqlite3.Connection:
    # Each connection is used by one thread at a time, but not by the one that opens it.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _set_up(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA busy_timeout = 10000")
    # Folding the log into the file waits for the disk: every 40 MB instead of every 4.
    connection.execute("PRAGMA wal_autocheckpoint = 10000")
    connection.execute("PRAGMA cache_size = -16000")  # 16 MB, so that acks of a large backlog find their pages


def _own(path: Path) -> IO[str]:
    """The kernel drops this lock when the process ends, however it ends."""
    lock = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise LocalCloudError(
            "Another local Pub/Sub is using this file.",
            where=str(path),
            todo="Use the one that runs (`klio local status`), or stop it (`klio local down`).",
        ) from error
    return lock


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LocalCloudError(
            "The local Pub/Sub's file cannot be opened.",
            where=str(path),
            expected="a database written by klio, in a directory that can be written to",
            got=str(error),
            todo="Look at the file, or start afresh with `klio local reset` (messages in it are lost).",
        ) from error
