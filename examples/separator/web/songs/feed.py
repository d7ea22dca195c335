"""Changes, as they happen, to everybody who listens: the newest state of each song, however slowly one reads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from web.model import State
from web.songs.catalogue import Catalogue, Entry

_HEARTBEAT = b": still here\n\n"


class Reader:
    """One who listens. What changes while he is busy waits here by its hash alone, so that nothing piles up."""

    def __init__(self, only: str | None) -> None:
        self.only = only
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self._waiting: set[str] = set()
        self._wake = asyncio.Event()

    def tell(self, song: str) -> None:
        """Say that a song is another now. Any thread may."""
        if self.only in (None, song):
            with suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(self._add, song)

    def close(self) -> None:
        """Let the reader go. Any thread may."""
        self.closed = True
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake.set)

    async def next(self, patience_s: float) -> set[str]:
        """Answer what has changed since the last time, as soon as something has; nothing after `patience_s`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), patience_s)
        self._wake.clear()
        changed, self._waiting = self._waiting, set()
        return changed

    def _add(self, song: str) -> None:
        self._waiting.add(song)
        self._wake.set()


class Feed:
    """All who listen."""

    def __init__(self) -> None:
        self._readers: set[Reader] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __len__(self) -> int:
        return len(self._readers)

    def changed(self, song: str) -> None:
        """Tell everybody that a song is another now."""
        with self._lock:
            readers = list(self._readers)
        for reader in readers:
            reader.tell(song)

    def close(self) -> None:
        """Let everybody go, and whoever comes from now on."""
        with self._lock:
            self._closed = True
            readers = list(self._readers)
        for reader in readers:
            reader.close()

    def join(self, only: str | None) -> Reader:
        """Answer a new reader, of one song or of all."""
        reader = Reader(only)
        with self._lock:
            self._readers.add(reader)
            reader.closed = self._closed
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        with self._lock:
            self._readers.discard(reader)


async def events(
    feed: Feed,
    catalogue: Catalogue,
    only: str | None,
    last: int | None,
    heartbeat_s: float,
    *,
    shows: Callable[[Entry], Entry | None] = lambda entry: entry,
) -> AsyncIterator[bytes]:
    """Yield server-sent events: what changed after the id `last`, then what changes, with a heartbeat in between.

    Who has seen nothing yet gets the song that he asks for or, of all songs, those that are not finished. Of songs
    that he does not see he gets nothing, but that one is gone is told to all: its hash says nothing by itself.
    """
    reader = feed.join(only)
    try:
        version = catalogue.version
        for at, song, entry in catalogue.since(last or 0, only):
            wanted = last is not None or only or (entry and entry.state in (State.QUEUED, State.WORKING))
            seen = shows(entry) if entry else None
            if wanted and (entry is None or seen):
                yield event(at, song, seen)
        yield f"id: {max(version, last or 0)}\n\n".encode()  # so that resuming from here works before anything changes
        while not reader.closed:
            changed = await reader.next(heartbeat_s)
            for at, song, entry in sorted(map(catalogue.change, changed), key=lambda one: one[0]):
                seen = shows(entry) if entry else None
                if entry is None or seen:
                    yield event(at, song, seen)
            if not changed and not reader.closed:
                yield _HEARTBEAT
    finally:
        feed.leave(reader)


def event(at: int, song: str, entry: Entry | None) -> bytes:
    """Answer one change as a server-sent event (WHATWG HTML, section 9.2)."""
    name, data = ("song", entry.body) if entry else ("removed", b'{"hash":"%b"}' % song.encode())
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (at, name.encode(), data)
