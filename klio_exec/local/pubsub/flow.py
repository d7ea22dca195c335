"""How much one puller still has room for, and how it is woken."""

from __future__ import annotations

import asyncio

_NO_LIMIT = 1 << 62


class Flow:
    """The messages and bytes that one stream, or one pull, holds unacknowledged, against what it allows.

    A limit of zero or less is no limit, as in the API. `wake` is set when something may have changed: a message has
    come, or room was made.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages if max_messages > 0 else _NO_LIMIT
        self._max_bytes = max_bytes if max_bytes > 0 else _NO_LIMIT
        self.messages = 0
        self.bytes = 0
        self.wake = asyncio.Event()

    @property
    def room(self) -> int:
        """How many more messages may be sent; 0 as well when the bytes are used up."""
        return max(0, self._max_messages - self.messages) if self.room_bytes else 0

    @property
    def room_bytes(self) -> int:
        """How many more bytes may be sent."""
        return max(0, self._max_bytes - self.bytes)

    def sent(self, size: int) -> None:
        """Count a message of `size` bytes as held by the puller."""
        self.messages += 1
        self.bytes += size

    def freed(self, size: int) -> None:
        """A message of `size` bytes was acknowledged, or its lease ended."""
        self.messages -= 1
        self.bytes -= size
        self.wake.set()
