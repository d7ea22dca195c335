"""Messages about one element that come to a job by several ways: one message, where that says the same. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from klio_core.message import ANYONE, Anyone, Limited, Message

To = Anyone | Limited


def together(messages: Iterable[Message]) -> list[Message]:
    """Answer as few messages as say the same: for all that any of them is for, with the longest audit log.

    Messages that differ in force, ping or payload stay apart, and so do those of which each returns to top-down at
    another job.
    """
    found: list[Message] = []
    for message in messages:
        for number, other in enumerate(found):
            if (both := _both(other, message)) is not None:
                found[number] = both
                break
        else:
            found.append(message)
    return found


def _both(one: Message, other: Message) -> Message | None:
    same = _what(one) == _what(other)
    recipients = _all_of(one.recipients, other.recipients) if same else None
    if recipients is None:
        return None
    # Who has been with a job most often is who ends a loop.
    return max(one, other, key=lambda message: len(message.audit_log)).with_recipients(recipients)


def _what(message: Message) -> tuple[object, ...]:
    return message.version, message.element, message.force, message.ping, message.payload


def _all_of(one: To | None, other: To | None) -> To | None:
    if one is None or other is None:
        return None
    if isinstance(one, Anyone) or isinstance(other, Anyone):
        return ANYONE
    if one.trigger_children_of != other.trigger_children_of:
        return None
    return Limited(tuple(dict.fromkeys((*one.recipients, *other.recipients))), one.trigger_children_of)
