"""Makes what a job needs and does not find."""

from __future__ import annotations

from collections.abc import Sequence

from klio_cli.cloud.services import Services
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError
from klio_core.needs import Kind, Need


def make(missing: Sequence[Need], services: Services, location: str, terminal: Terminal, *, yes: bool) -> None:
    """Show what is to be made, ask unless `yes`, and make it; buckets in `location`.

    Each is told as it is made: should one be refused, what was made before it stays. Raises UsageError for a no.
    """
    lines = "\n".join(f"  {_told(need, location)}" for need in missing)
    terminal.say(f"\nTo be made:\n{lines}")
    if not yes and not terminal.confirm(f"Make {'it' if len(missing) == 1 else f'these {len(missing)}'}?"):
        raise UsageError("nothing was made", todo="answer yes, or say --yes")
    for need in missing:
        services.make(need, location)
        terminal.note(f"made {need}")
    terminal.say("")


def _told(need: Need, location: str) -> str:
    if need.kind is Kind.BUCKET:
        return f"{need} in {location}, not public"
    if need.kind is Kind.SUBSCRIPTION:
        only = f", of what is {need.made_as['filter']}" if need.made_as.get("filter") else ""
        return f"{need} of {need.made_as['topic']}{only}, which never expires"
    return str(need)
