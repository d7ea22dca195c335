"""Where replayed messages go, and in which form. Pure, but for the one question whose topic a subscription reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli.dlq.box import Held
from klio_cli.lines import printable
from klio_core.dead_letter import DeadLetter
from klio_core.errors import MessageError, UsageError
from klio_core.message import Format, Message
from klio_core.names import is_topic

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sending:
    """One message to be sent, and the letters that it is in."""

    topic: str
    body: bytes
    letters: tuple[Held, ...]


def destination(letter: DeadLetter, config: KlioConfig, topic_of: Callable[[str], str]) -> str:
    """Answer the topic by which a letter's message came to the job; `topic_of` answers that of a subscription.

    Raises UsageError where it came in another way, or where nobody knows in which.
    """
    if letter.source.startswith("projects/"):
        return letter.source if is_topic(letter.source) else _read_by(letter.source, config, topic_of)
    inputs = [entry for entry in config.job_config.events.inputs if entry.type == "pubsub"]
    if letter.source or not inputs:
        raise UsageError(
            f"the message of {printable(letter.element)} did not come by a topic",
            got=letter.source or f"{config.job_name} reads none",
            todo="--output FILE writes the elements to a file that the job can be run on",
        )
    if len(inputs) > 1:
        raise UsageError(
            f"the letter of {printable(letter.element)} does not say by which of {len(inputs)} inputs it came",
            todo="--topic projects/PROJECT/topics/NAME says where to publish it",
        )
    return inputs[0].topic or topic_of(inputs[0].subscription or "")


def _read_by(subscription: str, config: KlioConfig, topic_of: Callable[[str], str]) -> str:
    for entry in config.job_config.events.inputs:
        if entry.type == "pubsub" and entry.subscription == subscription and entry.topic:
            return entry.topic
    return topic_of(subscription)


def sendings(letters: Iterable[Held], to: Callable[[DeadLetter], str], *, force: bool) -> list[Sending]:
    """Answer what to send, topic by topic: a message once, though several of its elements may have failed.

    Raises UsageError where one is to have the force flag and is no KlioMessage, so has no flags.
    """
    found: dict[tuple[str, bytes], list[Held]] = {}
    for held in letters:
        found.setdefault((to(held.letter), held.letter.message), []).append(held)
    made = (Sending(topic, _forced(raw) if force else raw, tuple(of)) for (topic, raw), of in found.items())
    return sorted(made, key=lambda one: one.topic)


def _forced(raw: bytes) -> bytes:
    try:
        return Message.decode(raw, Format.KLIO).with_force().encode()
    except MessageError as error:
        todo = "replay it without --force, or `klio message publish --force` its element"
        raise UsageError("a message that is no KlioMessage has no force flag", got=error.got, todo=todo) from error


def lines_of(letters: Sequence[Held]) -> bytes:
    """Answer the elements as they came to the job, a line for each, none twice.

    Raises UsageError where one cannot be a line.
    """
    elements = dict.fromkeys(_element(held) for held in letters)
    wrong = [printable(one) for one in elements if not one.strip() or b"\n" in one or one.endswith(b"\r")]
    if wrong:
        raise UsageError("these elements cannot be lines of a file", got=", ".join(wrong[:_SHOWN]))
    return b"".join(one + b"\n" for one in elements)


def _element(held: Held) -> bytes:
    try:
        return Message.decode(held.letter.message, Format.EITHER).element
    except MessageError as error:
        todo = "leave it out, with --reason or --element"
        raise UsageError(f"{held.name} holds no message that this klio knows", got=error.what, todo=todo) from error


def write(path: Path, lines: bytes) -> None:
    """Write a new file, whole and on the disk. Raises UsageError where it is there already, or cannot be written."""
    from klio_cli.replace import replace

    if path.exists():
        raise UsageError("the file is there already", where=str(path), todo="name another one")
    replace(path, lines)


def how_to_read(config: KlioConfig, path: Path) -> str:
    """Answer how a job is run on a file of elements."""
    for number, entry in enumerate(config.job_config.events.inputs):
        if entry.type == "file":
            flag = f"-O job_config.events.inputs[{number}].location={path.resolve()}"
            return f"Run the job on it: klio job run {flag}"
    return f"{config.job_name} has no event input of type file; one reads it."
