"""The rules of klio, as one pure function that asks for facts instead of fetching them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Found(enum.StrEnum):
    """What is known of a job's output or input for one element."""

    UNKNOWN = "unknown"
    YES = "found"
    NO = "missing"
    NOT_DECLARED = "not declared"  # none is configured, or its check is skipped


class Action(enum.StrEnum):
    """What a job does with one message."""

    PROCESS = "process"
    PASS_ON = "pass on"  # noqa: S105  (no password)
    TRIGGER = "trigger parents"
    DROP = "drop"
    DEAD_LETTER = "dead letter"


class Look(enum.StrEnum):
    """A question, not yet a verdict: this fact is needed next."""

    OUTPUT = "output"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one message in one job, and why, in the words of logs, counters and records."""

    action: Action
    reason: str = ""

    def __hash__(self) -> int:
        return hash(self.reason)  # a tenth of the time that all fields take, and nearly as good


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known so far of one message in one job."""

    addressed: bool
    ping: bool = False
    force: bool = False
    output: Found = Found.UNKNOWN
    input: Found = Found.UNKNOWN
    parents: bool = False  # whether a parent is declared that makes what is missing
    spent: bool = False  # whether we have triggered parents for this message as often as we may


NOT_ADDRESSED = Verdict(Action.DROP, "not addressed to us")
PING = Verdict(Action.PASS_ON, "ping")
OUTPUT_EXISTS = Verdict(Action.PASS_ON, "output exists")
TRIGGER_PARENTS = Verdict(Action.TRIGGER, "input missing")
INPUT_MISSING = Verdict(Action.DROP, "input missing")
TRIGGER_LOOP = Verdict(Action.DEAD_LETTER, "trigger-loop")
PROCESS = Verdict(Action.PROCESS)


def decide(facts: Facts) -> Verdict | Look:
    """Answer the verdict on one message, or the next fact that it depends on.

    The rules, first row that fits (a dot is anything)::

        addressed  ping  force  output   input    parents  spent │ answer
        no         .     .      .        .        .        .     │ drop "not addressed to us"
        yes        yes   .      .        .        .        .     │ pass on "ping"
        yes        no    no     unknown  .        .        .     │ look at output
        yes        no    no     found    .        .        .     │ pass on "output exists"
        yes        no    .      .        unknown  .        .     │ look at input
        yes        no    .      .        missing  yes      yes   │ dead letter "trigger-loop"
        yes        no    .      .        missing  yes      no    │ trigger parents "input missing"
        yes        no    .      .        missing  no       .     │ drop "input missing"
        yes        no    .      .        .        .        .     │ process

    An output that is not declared never exists; an input that is not declared is never missing. So existence is
    asked only where it matters: force never looks at the output, ping looks at nothing.
    """
    if not facts.addressed:
        return NOT_ADDRESSED
    if facts.ping:
        return PING
    if not facts.force and facts.output is Found.UNKNOWN:
        return Look.OUTPUT
    if not facts.force and facts.output is Found.YES:
        return OUTPUT_EXISTS
    if facts.input is Found.UNKNOWN:
        return Look.INPUT
    if facts.input is Found.NO:
        if not facts.parents:
            return INPUT_MISSING
        return TRIGGER_LOOP if facts.spent else TRIGGER_PARENTS
    return PROCESS


def told(counts: Mapping[str, int]) -> str:
    """Answer how often there was each reason, as people read it, the most frequent first: `output exists 3, ping 1`."""
    ordered = sorted(counts.items(), key=lambda reason: (-reason[1], reason[0]))
    return ", ".join(f"{reason} {number}" for reason, number in ordered)
