"""What came of one element in a test."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from klio_core.decision import PROCESS, Verdict
from klio_core.message import Message


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one element: the messages that left, by the output they left by, and the files that were made.

    `outputs` are those files: their names, without location and suffix, and their bytes. Where the job has several
    data outputs, each name begins with the output's name or number in the job file: `stems/a`, `1/a`.
    `verdict` is what became of the message, in the words of klio's rules, and `exception` what the code raised, where
    `run_one` was to keep it. `logs` is what was logged meanwhile, `metrics` how often each counter counted, what each
    gauge showed last, and what each timer recorded in all, in its own unit.
    """

    messages: list[Message]
    tagged: dict[str, list[Message]]
    outputs: dict[str, bytes]
    verdict: Verdict = PROCESS
    exception: Exception | None = None
    logs: list[logging.LogRecord] = field(default_factory=list)
    metrics: dict[str, int] = field(default_factory=dict)

    @property
    def elements(self) -> list[bytes]:
        """The elements of the messages that left by the main output."""
        return [message.element for message in self.messages]

    @property
    def payloads(self) -> list[bytes]:
        """Their payloads, which the next transform would see."""
        return [message.payload for message in self.messages]
