"""A dead letter as people and programs read it: a row, an object, a whole page. Never a byte of a payload. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from klio_cli.dlq.box import Held
from klio_cli.lines import printable, recipients_of
from klio_core.dead_letter import DeadLetter
from klio_core.errors import MessageError, UndecodableMessage, UnknownVersion
from klio_core.message import Format, Message
from klio_core.status import text_of

HEADER = ("element", "reason", "error", "attempts", "when", "job")
_CLIPPED = 60
_NO_MESSAGE = (UndecodableMessage.reason, UnknownVersion.reason)


def row(held: Held) -> tuple[str, ...]:
    """Answer the cells under HEADER."""
    letter = held.letter
    error = f"{letter.error}: {letter.text.partition(chr(10))[0]}"
    return element(letter), letter.reason, _line(error), str(letter.attempts), when(letter.at), letter.job


def as_json(held: Held) -> str:
    """Answer a letter as one line of JSON: what its record says, but for the traceback and the message's bytes."""
    letter = held.letter
    fields = {
        "name": held.name,
        "element": element(letter) if letter.reason in _NO_MESSAGE else text_of(letter.element),
        "reason": letter.reason,
        "error": letter.error,
        "text": letter.text,
        "attempts": letter.attempts,
        "at": letter.at,
        "job": letter.job,
        "source": letter.source,
        "message_bytes": len(letter.message),
        "version": letter.version,
    }
    return json.dumps(fields)


def page(held: Held) -> str:
    """Answer everything that is known of a letter."""
    letter = held.letter
    facts = {
        "element": element(letter),
        "reason": letter.reason,
        "error": letter.error,
        "text": letter.text,
        "attempts": str(letter.attempts),
        "when": when(letter.at),
        "job": letter.job,
        "came by": letter.source or "(not known)",
        "klio": letter.version or "(not known)",
        "message": "\n".join(_message(letter)),
        "traceback": letter.trace.rstrip("\n") or "(none)",
    }
    return "\n".join([held.name, *(f"  {name:<11}{_indented(text)}".rstrip() for name, text in facts.items())])


def element(letter: DeadLetter) -> str:
    """Answer the element as text that no terminal takes for a command; of bytes that were no message, the beginning."""
    if letter.reason in _NO_MESSAGE and len(letter.element) > _CLIPPED:
        return f"{printable(letter.element[:_CLIPPED])}… ({len(letter.element)} bytes)"
    return printable(letter.element)


def when(at: float) -> str:
    """Answer a time: `2026-11-21 14:05:09Z`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"


def _message(letter: DeadLetter) -> Iterator[str]:
    size = f"{len(letter.message)} bytes"
    try:
        message = Message.decode(letter.message, Format.KLIO)
    except MessageError as error:
        yield f"{size}: {error.what}"
        return
    flags = [name for name, is_set in (("force", message.force), ("ping", message.ping)) if is_set]
    yield f"a KlioMessage of version {message.version}, {size}"
    yield f"element: {printable(message.element)}"
    yield f"for: {recipients_of(message)}" + (f" ({', '.join(flags)})" if flags else "")
    yield f"payload: {len(message.payload)} bytes" if message.payload else "payload: none"
    yield "audit log:" + ("" if message.audit_log else " empty")
    yield from (f"  {visit.at:%Y-%m-%d %H:%M:%SZ}  {visit.job}" for visit in message.audit_log)


def _indented(text: str) -> str:
    first, *more = (_line(line) for line in text.split("\n"))
    return "\n".join([first, *(f"{'':<13}{line}" for line in more)])


def _line(text: str) -> str:
    return printable(text.encode(errors="surrogateescape"))
