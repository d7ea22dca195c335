"""One event, one status record, as one line that a person reads. Pure."""

from __future__ import annotations

from klio_core.errors import KlioError
from klio_core.message import Anyone, Format, Limited, Message
from klio_core.status import Status, text_of


def printable(element: bytes) -> str:
    """Answer an element as text that no terminal takes for a command."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text_of(element))


def status_line(record: Status) -> str:
    """Answer a status record: `a  working 40 %  mixing`."""
    progress = "" if record.progress is None or record.state.final else f" {record.progress * 100:.0f} %"
    again = f"attempt {record.attempt}" if record.attempt > 1 else ""
    took = "" if record.seconds is None else f"{record.seconds:.1f} s"
    parts = [printable(record.element), f"{record.state}{progress}", record.note, again, took]
    return "  ".join(part for part in parts if part)


def job_status_line(body: bytes) -> str:
    """Answer a status record off the wire, its job first; what is none is said to be none."""
    try:
        record = Status.decode(body)
    except KlioError as error:
        return f"({error.what}: {error.got})"
    return f"{record.job}  {status_line(record)}"


def event_line(body: bytes) -> str:
    """Answer an event off the wire: its element, whom it is for, and the jobs it has been through."""
    try:
        message = Message.decode(body, Format.EITHER)
    except KlioError as error:
        return f"({error.what}: {error.got})"
    path = " → ".join(str(visit.job) for visit in message.audit_log)
    flags = [name for name, is_set in (("force", message.force), ("ping", message.ping)) if is_set]
    parts = [printable(message.element), f"for {recipients_of(message)}", *flags, f"through {path}" if path else ""]
    return "  ".join(part for part in parts if part)


def recipients_of(message: Message) -> str:
    """Answer for whom a message is: `anyone`, the names of jobs, or `nobody`."""
    to = message.recipients
    if isinstance(to, Anyone):
        return "anyone"
    return ", ".join(map(str, to.recipients)) if isinstance(to, Limited) and to.recipients else "nobody"
