from __future__ import annotations

from pathlib import Path

from klio.context import KlioContext
from klio.events.triggers import publish_triggers
from klio_core.config import parse
from klio_core.mail import collect
from klio_core.message import Message


def asked(place: Path, *messages: Message) -> list[tuple[bytes, bytes]]:
    """What a parent finds that was asked so: elements and payloads."""
    context = KlioContext(parse(f"job_name: {place.name}\njob_config: {{}}\n"))
    publish_triggers(context, [(str(place), message.encode()) for message in messages])
    found = [Message.decode(raw) for raw in collect(place)]
    return sorted((message.element, message.payload) for message in found)


def test_the_same_is_asked_once_also_later(tmp_path: Path):
    once, twice = Message.of(b"a"), Message.of(b"a")

    assert asked(tmp_path / "one", once, twice) == [(b"a", b"")]
    assert asked(tmp_path / "one", once, Message.of(b"b")) == [(b"a", b""), (b"b", b"")]


def test_two_payloads_are_two_things_to_ask_for(tmp_path: Path):
    mixes = Message.of(b"a", payload=b"bass+drums"), Message.of(b"a", payload=b"vocals")

    assert asked(tmp_path / "two", *mixes, mixes[0]) == [(b"a", b"bass+drums"), (b"a", b"vocals")]
