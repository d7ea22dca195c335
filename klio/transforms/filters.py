"""The rules of klio, one by one, as transforms: for pipelines that draw themselves what klioexec draws."""

from __future__ import annotations

from klio.transforms.step import Results, Step
from klio_core.message import Message

_PROCESS = "process"
_PASS_THRU = "pass_thru"  # noqa: S105  (no password)
_DROP = "drop"


class KlioFilterPing(Step):
    """Tells messages that only trace their path (output `pass_thru`) from those to work on (`process`)."""

    WITH_OUTPUTS = True

    def work(self, message: Message) -> Results:
        """Yield the message to its output."""
        ping = self._klio.gate.facts(message).ping
        self.count("kmsg-skip-ping" if ping else "kmsg-process-ping")
        yield _PASS_THRU if ping else _PROCESS, message


class KlioFilterForce(Step):
    """Tells messages to work on although their output is there (`process`) from the others (`pass_thru`)."""

    WITH_OUTPUTS = True

    def work(self, message: Message) -> Results:
        """Yield the message to its output."""
        force = self._klio.gate.facts(message).force
        self.count("kmsg-process-force" if force else "kmsg-skip-force")
        yield _PROCESS if force else _PASS_THRU, message


class KlioCheckRecipients(Step):
    """Tells messages for this job (`process`) from those for others (`drop`).

    One that comes back from a parent which this job has triggered is for anyone again.
    """

    WITH_OUTPUTS = True

    def work(self, message: Message) -> Results:
        """Yield the message to its output."""
        mine = message.addressed_to(self._klio.job)
        if mine is None:
            self.count("kmsg-drop-not-recipient")
            yield _DROP, message
        else:
            yield _PROCESS, mine


class _KlioV1CheckRecipients(KlioCheckRecipients):
    """The same for messages of version 1, which name their jobs in another field."""


class _KlioTagMessageVersion(Step):
    """Tells messages of version 2 (output `v2`) from older ones (`v1`)."""

    WITH_OUTPUTS = True

    def work(self, message: Message) -> Results:
        """Yield the message to its output."""
        yield f"v{message.version}", message
