"""A form with files, as it arrives: streamed into files of this machine, hashed on the way, never held as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from web.problems import Problem
from web.upload.parts import Begin, End, Event, Parts
from web.upload.room import Arrived, Incoming, Room

_BLOCK = 1 << 20  # written, and hashed, in a thread
_FIELD_BYTES = 64 * 1024
_FORM_BYTES = 256 * 1024  # all that is no file: boundaries, headers, other fields
_MOST_PARTS = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """One file of a form, with what its sender calls it."""

    file: Arrived
    file_name: str


@dataclass(slots=True)
class Form:
    """What a form brought: its files, in their order, and its other fields, as texts."""

    files: list[Sent] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def received(request: Request, room: Room, most_bytes: int, names: Collection[str]) -> AsyncIterator[Form]:
    """Receive a form whose files have one of the `names`; they are gone when the block ends.

    Raises Problem as soon as more than `most_bytes` have come, of all files together, where the form is broken, and
    where there is no file in it, or an empty one.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most_bytes + _FORM_BYTES:
        raise too_large(most_bytes, int(said))
    with ExitStack() as files:
        receiver = _Receiver(room, most_bytes, names, files)
        parts = Parts(request.headers.get("content-type", ""))
        left = most_bytes + _FORM_BYTES  # whatever it is: before the first part and behind the last one, too
        try:
            async for piece in request.stream():
                left -= len(piece)
                if left < 0:
                    raise too_large(most_bytes)
                for event in parts.feed(piece):
                    await receiver.take(event)
        except ClientDisconnect:
            raise _gone() from None
        parts.end()
        _check(receiver.form, names, receiver.seen)
        yield receiver.form


class _Receiver:
    """The form so far, and the part that is arriving."""

    def __init__(self, room: Room, most_bytes: int, names: Collection[str], files: ExitStack) -> None:
        self.form = Form()
        self.seen: list[str] = []
        self._room, self._most, self._names, self._files = room, most_bytes, names, files
        self._part = Begin("", None)
        self._incoming: Incoming | None = None
        self._block = bytearray()
        self._bytes = self._other_bytes = 0

    async def take(self, event: Event) -> None:
        match event:
            case Begin():
                self._begin(event)
            case End():
                await self._end()
            case _:
                await self._add(event)

    def _begin(self, part: Begin) -> None:
        self._part = part
        self.seen.append(part.name)
        if len(self.seen) > _MOST_PARTS:
            raise _too_many()
        if part.name in self._names:
            self._incoming = self._files.enter_context(self._room.file())

    async def _add(self, data: bytes) -> None:
        self._count(len(data))
        self._block += data
        if self._incoming is not None and len(self._block) >= _BLOCK:
            await self._write(self._incoming)

    async def _end(self) -> None:
        if self._incoming is None:
            self.form.fields[self._part.name] = self._block.decode("utf-8", "replace")
            self._block = bytearray()
            return
        await self._write(self._incoming)
        self.form.files.append(Sent(self._incoming.arrived(), self._part.file_name or ""))
        self._incoming = None

    async def _write(self, incoming: Incoming) -> None:
        block, self._block = self._block, bytearray()
        await run_in_threadpool(incoming.write, block)

    def _count(self, size: int) -> None:
        if self._incoming is not None:
            self._bytes += size
            if self._bytes > self._most:
                raise too_large(self._most)
            return
        self._other_bytes += size
        if self._other_bytes > _FIELD_BYTES:
            raise _field_too_large(self._part.name)


def too_large(most_bytes: int, got: int | None = None) -> Problem:
    """Answer the problem of an upload that has more than so many bytes."""
    found = f", got {got / 1e6:.0f} MB" if got else ""
    return Problem(
        413,
        "too-large",
        "This upload is too large",
        detail=f"Expected at most {most_bytes / 1e6:g} MB{found}.",
        todo="Upload it as MP3, FLAC or M4A, which are smaller than WAV, and several files one by one.",
    )


def _check(form: Form, names: Collection[str], seen: list[str]) -> None:
    if not form.files:
        got = ", ".join(seen) or "none at all"
        raise Problem(
            400,
            "no-file",
            "There is no file in this form",
            detail=f"Expected a field with the name {' or '.join(sorted(names))}, got {got[:200]}.",
            todo="Send the file as the field `file` of a form: curl -F file=@song.mp3 …",
        )
    empty = [sent.file_name or "the file" for sent in form.files if not sent.file.size]
    if empty:
        raise Problem(
            422,
            "empty",
            "This file is empty",
            detail=f"{', '.join(empty)[:200]} has 0 bytes.",
            todo="Look at it on your machine; it may not have been downloaded yet. Upload one that has sound.",
        )


def _too_many() -> Problem:
    detail = f"Expected at most {_MOST_PARTS} parts."
    todo = "Upload the files in several requests."
    return Problem(413, "too-many-parts", "There are too many parts in this form", detail=detail, todo=todo)


def _field_too_large(name: str) -> Problem:
    return Problem(
        413,
        "field-too-large",
        "A field of this form is too large",
        detail=f"Expected at most {_FIELD_BYTES} bytes in all that is no file, got more, up to the field {name[:100]}.",
        todo="Send files in the field `file`, and short texts in the others.",
    )


def _gone() -> Problem:
    return Problem(400, "broken-form", "The client went away", todo="Send it again.")
