"""The gate: what a job does with each message that arrives, decided for a whole bundle at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from klio.data.locate import path_of, split_element
from klio.data.stores import store_for
from klio.events.status import Recorder
from klio.metrics.counts import count_verdict
from klio_core.config import KlioConfig
from klio_core.decision import NOT_ADDRESSED, Action, Facts, Found, Look, Verdict, decide
from klio_core.errors import MessageError
from klio_core.message import Format, JobRef, Message, Visit
from klio_core.status import State


@dataclass(slots=True)
class Decision:
    """What the gate found for one message: a verdict and the message as it goes on, or why there is none."""

    raw: bytes
    message: Message
    facts: Facts = field(default_factory=lambda: Facts(addressed=False))
    verdict: Verdict = NOT_ADDRESSED
    error: MessageError | None = None


class Gate:
    """The rules of one job. `decide` asks the stores only for the facts that `klio_core.decision` asks for.

    `format` is how it reads bytes.
    """

    def __init__(self, config: KlioConfig, me: JobRef, fmt: Format = Format.KLIO) -> None:
        job = config.job_config
        self._me = me
        self.format = Format.EITHER if job.allow_non_klio_messages and fmt is Format.KLIO else fmt
        self._checked: dict[Look, list[Any]] = {
            Look.INPUT: [data for data in job.data.inputs if not data.skip_klio_existence_check],
            Look.OUTPUT: [data for data in job.data.outputs if not data.skip_klio_existence_check],
        }
        self._ping = _said(data.ping for data in job.data.inputs)
        self._force = _said(data.force for data in job.data.outputs)

    @property
    def looks(self) -> bool:
        """Whether any verdict depends on what a store answers."""
        return any(self._checked.values())

    def decide(self, raws: Sequence[bytes]) -> list[Decision]:
        """Answer a decision for each message, in order. Raises DataError where a store does not answer."""
        decisions = [self._open(raw) for raw in raws]
        waiting = [decision for decision in decisions if decision.error is None]
        while waiting:
            asked: dict[Look, list[Decision]] = defaultdict(list)
            for decision in waiting:
                answer = decide(decision.facts)
                if isinstance(answer, Look):
                    asked[answer].append(decision)
                else:
                    decision.verdict = answer
            waiting = [found for look, group in asked.items() for found in self._look(look, group)]
        return decisions

    def tell(self, decision: Decision, status: Recorder) -> None:
        """Count the verdict, and record it where it ends the message's way through this job."""
        count_verdict(decision.verdict)
        if decision.verdict.action is Action.DROP:
            status.tell(decision.message.element, State.DROPPED, decision.verdict.reason)

    def _open(self, raw: bytes) -> Decision:
        try:
            message = Message.decode(raw, self.format)
        except MessageError as error:
            return Decision(raw, Message.of(raw), verdict=Verdict(Action.DEAD_LETTER, error.reason), error=error)
        mine = message.addressed_to(self._me)
        if mine is None:
            return Decision(raw, message)
        return Decision(raw, mine.with_visit(Visit(datetime.now(UTC), self._me)), self._facts(message))

    def _facts(self, message: Message) -> Facts:
        return Facts(
            addressed=True,
            ping=message.ping if self._ping is None else self._ping,
            force=message.force if self._force is None else self._force,
            output=Found.UNKNOWN if self._checked[Look.OUTPUT] else Found.NOT_DECLARED,
            input=Found.UNKNOWN if self._checked[Look.INPUT] else Found.NOT_DECLARED,
        )

    def _look(self, look: Look, group: list[Decision]) -> list[Decision]:
        """Add the fact that was asked for to each decision; all files of the group are looked for together."""
        paths: list[tuple[Decision, list[tuple[str, str]]]] = []
        for decision in group:
            try:
                paths.append((decision, self._paths(look, decision.message.element)))
            except MessageError as error:
                decision.error, decision.verdict = error, Verdict(Action.DEAD_LETTER, error.reason)
        there = _existing({place for _, places in paths for place in places})
        for decision, places in paths:
            found = Found.YES if all(path in there for _, path in places) else Found.NO
            decision.facts = (
                replace(decision.facts, output=found) if look is Look.OUTPUT else replace(decision.facts, input=found)
            )
        return [decision for decision, _ in paths]

    def _paths(self, look: Look, element: bytes) -> list[tuple[str, str]]:
        return [
            (data.location, path_of(data.location, name, data.file_suffix))
            for data in self._checked[look]
            for name in split_element(element, getattr(data, "split", None))
        ]


def _existing(places: set[tuple[str, str]]) -> set[str]:
    by_location: dict[str, list[str]] = defaultdict(list)
    for location, path in places:
        by_location[location].append(path)
    return {
        path
        for location, paths in by_location.items()
        for path, there in zip(paths, store_for(location).exists(paths), strict=True)
        if there
    }


def _said(values: Any) -> bool | None:
    """Answer what the job file says, None where it leaves the word to the message."""
    return next((value for value in values if value is not None), None)
