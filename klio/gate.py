"""The gate: what a job does with each message that arrives, decided for a whole bundle at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from klio.data.places import Files, Place, existing, places_of
from klio.events.status import Recorder
from klio.parents import Parent, asking, parents_of, visits
from klio_core.config import KlioConfig
from klio_core.decision import NOT_ADDRESSED, TRIGGER_LOOP, Action, Facts, Found, Look, Verdict, decide
from klio_core.errors import MessageError, TriggerLoop
from klio_core.message import Arrival, Format, JobRef, Message, Visit
from klio_core.status import State

_NOT_FOR_US = Facts(addressed=False)
_MOMENT = timedelta(milliseconds=1)


@dataclass(slots=True)
class Decision:
    """What the gate found for one message: a verdict and the message as it goes on, or why there is none.

    `missing` are the input files that are not there; `triggers` the parents to ask for them, and the messages to ask
    with. `looked` is why files were looked for, where, and whether each is there.
    """

    raw: bytes
    message: Message
    facts: Facts = _NOT_FOR_US
    verdict: Verdict = NOT_ADDRESSED
    error: MessageError | None = None
    missing: Sequence[Place] = ()
    triggers: Sequence[tuple[Parent, Message]] = ()
    looked: tuple[tuple[Look, Sequence[Place], Sequence[bool]], ...] = ()

    @property
    def absent(self) -> list[str]:
        """The outputs that were looked for, and where nothing was: not a broken file, neither."""
        for why, places, there in self.looked:
            if why is Look.OUTPUT:
                return [place.path for place, found in zip(places, there, strict=True) if not (found or place.verify)]
        return []

    def places(self, look: Look) -> list[tuple[Place, bool]]:
        """Answer the files that were looked for to answer `look`, and whether each is there."""
        return [found for why, places, there in self.looked if why is look for found in zip(places, there, strict=True)]


Alike = tuple[Facts, list[Decision]]
"""Messages of which the same is known."""


class Gate:
    """The rules of one job. `decide` asks the stores only for the facts that `klio_core.decision` asks for.

    `format` is how it reads bytes, `source` the event input that they come by.
    """

    def __init__(self, config: KlioConfig, me: JobRef, fmt: Format = Format.KLIO, source: str = "") -> None:
        job = config.job_config
        self._me = me
        self.source = source
        self.format = Format.EITHER if job.allow_non_klio_messages and fmt is Format.KLIO else fmt
        self._checked = {Look.INPUT: _checked(job.data.inputs), Look.OUTPUT: _checked(job.data.outputs)}
        self._asks_for = bool(self._checked[Look.OUTPUT]), bool(self._checked[Look.INPUT])
        self._visit = Visit(datetime.fromtimestamp(0, UTC), me)
        self._parents = parents_of(config)
        self._max_triggers = job.max_triggers
        self._ping = _said(data.ping for data in job.data.inputs)
        self._force = _said(data.force for data in job.data.outputs)

    @property
    def looks(self) -> bool:
        """Whether any verdict depends on what a store answers."""
        return any(self._checked.values())

    @property
    def together(self) -> int:
        """How many messages are best decided at once."""
        return max((files.together for checked in self._checked.values() for files in checked), default=1)

    def decide(self, raws: Sequence[bytes]) -> list[Decision]:
        """Answer a decision for each message, in order. Raises DataError where a store does not answer."""
        return self.settle([self.open(raw) for raw in raws])

    def settle(self, decisions: list[Decision]) -> list[Decision]:
        """Decide messages that are open. The rules are asked once for all of which the same is known."""
        waiting = _alike(decisions)
        while waiting:
            asked: dict[Look, list[Alike]] = defaultdict(list)
            for facts, group in waiting:
                answer = decide(facts)
                if isinstance(answer, Look):
                    asked[answer].append((facts, group))
                else:
                    for decision in group:
                        self._conclude(decision, facts, answer)
            waiting = [found for look, groups in asked.items() for found in self._look(look, groups)]
        return decisions

    def tell(self, decision: Decision, status: Recorder) -> None:
        """Record a verdict that ends the message's way through this job."""
        element = decision.message.element
        if decision.verdict.action is Action.DROP:
            status.tell(element, State.DROPPED, decision.verdict.reason)
        elif decision.verdict.action is Action.TRIGGER:
            status.tell(element, State.QUEUED, f"asked {', '.join(str(p.job) for p, _ in decision.triggers)} for it")

    def open(self, raw: bytes) -> Decision:
        """Answer what is known of a message before anything is looked for."""
        try:
            message = Message.decode(raw, self.format)
        except MessageError as error:
            return Decision(raw, Message.of(raw), verdict=Verdict(Action.DEAD_LETTER, error.reason), error=error)
        return self.arrived(raw, message)

    def arrived(self, raw: bytes, message: Message) -> Decision:
        """Answer the same of a message that is known; `raw` is how it came."""
        mine = message.addressed_to(self._me)
        if mine is None:
            return Decision(raw, message)
        # What another job's gate noted is still there where its author's code wrote the event.
        event = raw if message.arrival is None else message.leaving(keep_payload=True).encode()
        return Decision(raw, mine.with_visit(self._visit_now(), Arrival(event, self.source)), self.facts(message))

    def facts(self, message: Message) -> Facts:
        """Answer what is known of a message for us before anything is looked for."""
        ping = message.ping if self._ping is None else self._ping
        force = message.force if self._force is None else self._force
        return _facts(ping, force, *self._asks_for)

    def _visit_now(self) -> Visit:
        """Messages that come in the same millisecond have one line of the audit log in common: it is made once."""
        now = datetime.now(UTC)
        if now - self._visit.at > _MOMENT:
            self._visit = Visit(now, self._me)
        return self._visit

    def _conclude(self, decision: Decision, facts: Facts, verdict: Verdict) -> None:
        decision.facts, decision.verdict = facts, verdict
        if verdict.action is Action.TRIGGER:
            decision.triggers = [
                (parent, asking(decision.message, self._me, parent.job)) for parent in self._makers(decision.missing)
            ]
        elif verdict is TRIGGER_LOOP:
            decision.error = self._loop(decision)

    def _look(self, look: Look, groups: list[Alike]) -> list[Alike]:
        """Add the fact that was asked for. All files of the groups are looked for together."""
        checked = self._checked[look]
        wanted = {id(decision): self._places(checked, decision) for _, group in groups for decision in group}
        there = iter(existing([place for places in wanted.values() for place in places]))
        found: list[Alike] = []
        for facts, group in groups:
            complete: list[Decision] = []
            incomplete: list[Decision] = []
            for decision in group:
                if decision.error is None:
                    places = wanted[id(decision)]
                    answers = list(islice(there, len(places)))
                    decision.looked = (*decision.looked, (look, places, answers))
                    (complete if all(answers) else incomplete).append(decision)
            found += self._learned(look, facts, complete, incomplete)
        return found

    def _places(self, checked: list[Files], decision: Decision) -> list[Place]:
        try:
            return places_of(checked, decision.message.element)
        except MessageError as error:
            decision.error, decision.verdict = error, Verdict(Action.DEAD_LETTER, error.reason)
            return []

    def _learned(
        self, look: Look, facts: Facts, complete: list[Decision], incomplete: list[Decision]
    ) -> Iterator[Alike]:
        if look is Look.OUTPUT:
            yield replace(facts, output=Found.YES), complete
            yield replace(facts, output=Found.NO), incomplete
            return
        yield replace(facts, input=Found.YES), complete
        for decision in incomplete:
            decision.missing = [place for place, there in decision.places(Look.INPUT) if not there]
            yield self._lacking(facts, decision), [decision]

    def _lacking(self, facts: Facts, decision: Decision) -> Facts:
        parents = bool(self._makers(decision.missing))
        spent = parents and visits(decision.message, self._me) > self._max_triggers
        return replace(facts, input=Found.NO, parents=parents, spent=spent)

    def _makers(self, missing: Sequence[Place]) -> list[Parent]:
        numbers = {place.number for place in missing}
        return [parent for parent in self._parents if numbers.intersection(parent.makes)]

    def _loop(self, decision: Decision) -> TriggerLoop:
        parents = ", ".join(str(parent.job) for parent in self._makers(decision.missing))
        return TriggerLoop(
            f"{parents} was asked {self._max_triggers} times for our input, and it is still missing",
            where=", ".join(place.path for place in decision.missing),
            expected=f"{parents} makes it, and {self._me} finds it there",
            got="nothing there when the message came back",
            todo="compare the parent's data output with our data input: location and file_suffix must be the same",
        )


def _checked(entries: Sequence[Any]) -> list[Files]:
    return [Files(number, entry) for number, entry in enumerate(entries) if not entry.skip_klio_existence_check]


@cache
def _facts(ping: bool, force: bool, output: bool, input: bool) -> Facts:  # noqa: A002, FBT001  (as in Facts)
    return Facts(
        addressed=True,
        ping=ping,
        force=force,
        output=Found.UNKNOWN if output else Found.NOT_DECLARED,
        input=Found.UNKNOWN if input else Found.NOT_DECLARED,
    )


def _alike(decisions: Iterable[Decision]) -> list[Alike]:
    """Put those together whose facts are the same object, as `_facts` and _NOT_FOR_US are."""
    groups: dict[int, list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.error is None:
            groups[id(decision.facts)].append(decision)
    return [(group[0].facts, group) for group in groups.values()]


def _said(values: Any) -> bool | None:
    """Answer what the job file says, None where it leaves the word to the message."""
    return next((value for value in values if value is not None), None)
