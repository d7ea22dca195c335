"""Between the connection and the store: requests that the local cloud answers wrongly, late or not at all."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from typing import BinaryIO, cast

from klio_core.faults import DOWNLOAD, UPLOAD, Fault, Faults, Kind
from klio_exec.local.objects.wire import Answer, Body, Refusal, Reply, Request

_PERMISSIONS = ("iam", "testPermissions")
# What each permission allows; the others allow what is `objects.admin` in the words of klio_core.faults.
_ALLOWS = {
    "storage.objects.get": {"objects.look", DOWNLOAD},
    "storage.objects.list": {"objects.list"},
    "storage.objects.create": {UPLOAD},
    "storage.objects.delete": {"objects.delete"},
}
_OTHERS = {"objects.admin"}

_REFUSALS = {
    Kind.UNAVAILABLE: (503, "backendError", "The service is unavailable, on purpose."),
    Kind.BUSY: (429, "rateLimitExceeded", "There are too many requests, on purpose."),
    Kind.DENIED: (403, "forbidden", "The account may not do this, on purpose."),
}


def faulty(answer: Answer, faults: Faults) -> Answer:
    """Answer as `answer` does, but for what `faults` says. A broken connection is a ConnectionError."""

    def answered(request: Request) -> Reply:
        if request.segments[-2:] == _PERMISSIONS:
            return answer(_of_what_is_allowed(request, faults))
        operation = operation_of(request)
        fault = faults.next(operation)
        return answer(request) if fault is None else _befallen(answer, request, operation, fault)

    return answered


def operation_of(request: Request) -> str:
    """Answer what a request asks for, in the words of klio_core.faults."""
    first, *parts = (*request.segments, "")
    if "upload" in (first, *parts[:1]):
        return UPLOAD
    if "o" not in parts:
        return "objects.admin"
    if request.query.get("alt") == "media":
        return DOWNLOAD
    if request.method == "DELETE":
        return "objects.delete"
    if request.method != "GET":
        return "objects.admin"
    return "objects.list" if request.segments[-1] == "o" else "objects.look"


def _of_what_is_allowed(request: Request, faults: Faults) -> Request:
    """Answer a question about permissions without those that a fault denies."""
    asked = [pair for pair in request.pairs if not any(map(faults.denies, _ALLOWS.get(pair[1], _OTHERS)))]
    return replace(request, pairs=tuple(asked))


def _befallen(answer: Answer, request: Request, operation: str, fault: Fault) -> Reply:
    if fault.kind in _REFUSALS:
        return Refusal(*_REFUSALS[fault.kind]).reply()
    if fault.kind is Kind.SLOW:
        time.sleep(fault.seconds)
        return answer(request)
    if fault.kind is Kind.CUT and operation == UPLOAD:
        return answer(replace(request, body=_Broken(request.body, _length(request) // 2)))
    reply = answer(request)
    if fault.kind is Kind.LOST_REPLY:
        if reply.file is not None:
            reply.file.close()
        raise ConnectionAbortedError("the reply is lost, on purpose")
    if reply.file is None:
        return reply  # an error: there is no body to spoil
    begin = reply.file.tell()
    if fault.kind is Kind.CUT:
        return replace(reply, file=_spoiled(reply.file, end=begin + reply.length // 2))
    return replace(reply, file=_spoiled(reply.file, flip=begin))


def _length(request: Request) -> int:
    return int(request.headers.get("Content-Length", "0"))


class _Broken:
    """A body that stops coming after so many bytes."""

    def __init__(self, body: Body, left: int) -> None:
        self._body = body
        self._left = left

    def read(self, size: int = -1, /) -> bytes:
        if size < 0 or size > self._left:
            self._body.read(self._left)
            raise ConnectionAbortedError("the connection broke in the middle of a body, on purpose")
        self._left -= size
        return self._body.read(size)


class _Spoiled(io.RawIOBase):
    """A file that ends too early, or of which one byte is another."""

    def __init__(self, file: BinaryIO, end: int | None, flip: int | None) -> None:
        self._file = file
        self._end = end
        self._flip = flip

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # what `read` gives
        at = self._file.tell()
        if self._end is not None and at >= self._end:
            raise ConnectionAbortedError("the connection broke in the middle of a body, on purpose")
        wanted = len(buffer) if self._end is None else min(len(buffer), self._end - at)
        got = bytearray(self._file.read(wanted))
        if self._flip is not None and at <= self._flip < at + len(got):
            got[self._flip - at] ^= 1
        buffer[: len(got)] = got
        return len(got)

    def close(self) -> None:
        self._file.close()
        super().close()


def _spoiled(file: BinaryIO, *, end: int | None = None, flip: int | None = None) -> BinaryIO:
    return cast("BinaryIO", _Spoiled(file, end, flip))  # unbuffered, so that all up to the end is sent
