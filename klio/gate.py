"""The gate: what a job does with each message that arrives, decided for a whole bundle at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from klio.data.locate import path_of, split_element
from klio.data.store import Store
from klio.data.stores import store_of
from klio.events.status import Recorder
from klio.metrics.counts import count_verdict
from klio.parents import Parent, asking, parents_of, visits
from klio_core.config import KlioConfig
from klio_core.decision import NOT_ADDRESSED, TRIGGER_LOOP, Action, Facts, Found, Look, Verdict, decide
from klio_core.errors import MessageError, TriggerLoop
from klio_core.message import Arrival, Format, JobRef, Message, Visit
from klio_core.status import State


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file of one data input or output is to be; `number` is the entry's in the job file.

    `verify` says that a file which is not intact counts as missing.
    """

    number: int
    store: Store
    path: str
    verify: bool = False


@dataclass(slots=True)
class Decision:
    """What the gate found for one message: a verdict and the message as it goes on, or why there is none.

    `missing` are the input files that are not there; `triggers` the parents to ask for them, and the messages to ask
    with. `looked` is every file that was looked for, why, and whether it is there.
    """

    raw: bytes
    message: Message
    facts: Facts = field(default_factory=lambda: Facts(addressed=False))
    verdict: Verdict = NOT_ADDRESSED
    error: MessageError | None = None
    missing: list[Place] = field(default_factory=list)
    triggers: list[tuple[Parent, Message]] = field(default_factory=list)
    looked: list[tuple[Look, Place, bool]] = field(default_factory=list)

    @property
    def absent(self) -> list[str]:
        """The outputs that were looked for, and where nothing was: not a broken file, neither."""
        looked = (place for look, place, there in self.looked if look is Look.OUTPUT and not there)
        return [place.path for place in looked if not place.verify]


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
        self._parents = parents_of(config)
        self._max_triggers = job.max_triggers
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
                    self._conclude(decision, answer)
            waiting = [found for look, group in asked.items() for found in self._look(look, group)]
        return decisions

    def tell(self, decision: Decision, status: Recorder) -> None:
        """Count the verdict, and record it where it ends the message's way through this job."""
        count_verdict(decision.verdict)
        element = decision.message.element
        if decision.verdict.action is Action.DROP:
            status.tell(element, State.DROPPED, decision.verdict.reason)
        elif decision.verdict.action is Action.TRIGGER:
            status.tell(element, State.QUEUED, f"asked {', '.join(str(p.job) for p, _ in decision.triggers)} for it")

    def _open(self, raw: bytes) -> Decision:
        try:
            message = Message.decode(raw, self.format)
        except MessageError as error:
            return Decision(raw, Message.of(raw), verdict=Verdict(Action.DEAD_LETTER, error.reason), error=error)
        mine = message.addressed_to(self._me)
        if mine is None:
            return Decision(raw, message)
        visit = Visit(datetime.now(UTC), self._me)
        # What another job's gate noted is still there where its author's code wrote the event.
        event = raw if message.arrival is None else message.leaving(keep_payload=True).encode()
        return Decision(raw, mine.with_visit(visit, Arrival(event, self.source)), self.facts(message))

    def facts(self, message: Message) -> Facts:
        """Answer what is known of a message for us before anything is looked for."""
        return Facts(
            addressed=True,
            ping=message.ping if self._ping is None else self._ping,
            force=message.force if self._force is None else self._force,
            output=Found.UNKNOWN if self._checked[Look.OUTPUT] else Found.NOT_DECLARED,
            input=Found.UNKNOWN if self._checked[Look.INPUT] else Found.NOT_DECLARED,
        )

    def _conclude(self, decision: Decision, verdict: Verdict) -> None:
        decision.verdict = verdict
        if verdict.action is Action.TRIGGER:
            decision.triggers = [
                (parent, asking(decision.message, self._me, parent.job)) for parent in self._makers(decision.missing)
            ]
        elif verdict is TRIGGER_LOOP:
            decision.error = self._loop(decision)

    def _look(self, look: Look, group: list[Decision]) -> list[Decision]:
        """Add the fact that was asked for to each decision; all files of the group are looked for together."""
        places: list[tuple[Decision, list[Place]]] = []
        for decision in group:
            try:
                places.append((decision, self._places(look, decision.message.element)))
            except MessageError as error:
                decision.error, decision.verdict = error, Verdict(Action.DEAD_LETTER, error.reason)
        there = existing({place for _, wanted in places for place in wanted})
        for decision, wanted in places:
            decision.looked += [(look, place, place in there) for place in wanted]
            missing = [place for place in wanted if place not in there]
            if look is Look.OUTPUT:
                decision.facts = replace(decision.facts, output=Found.NO if missing else Found.YES)
            else:
                decision.missing = missing
                decision.facts = self._input_facts(decision)
        return [decision for decision, _ in places]

    def _input_facts(self, decision: Decision) -> Facts:
        return replace(
            decision.facts,
            input=Found.NO if decision.missing else Found.YES,
            parents=bool(self._makers(decision.missing)),
            spent=visits(decision.message, self._me) > self._max_triggers,
        )

    def _makers(self, missing: list[Place]) -> list[Parent]:
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

    def _places(self, look: Look, element: bytes) -> list[Place]:
        return places_of(self._checked[look], element)


def places_of(entries: Iterable[tuple[int, Any]], element: bytes) -> list[Place]:
    """Answer where the files of an element are to be: of each data entry, with its number, every file it names.

    Raises BadElement.
    """
    return [
        Place(number, store_of(data), path_of(data.location, name, data.file_suffix), data.verify is not None)
        for number, data in entries
        for name in split_element(element, getattr(data, "split", None))
    ]


def _checked(entries: Sequence[Any]) -> list[tuple[int, Any]]:
    return [(number, data) for number, data in enumerate(entries) if not data.skip_klio_existence_check]


def existing(places: set[Place]) -> set[Place]:
    """Answer those of the places where there is a file; each store is asked together. Raises DataError."""
    together: dict[tuple[Store, bool], list[Place]] = defaultdict(list)
    for place in places:
        together[place.store, place.verify].append(place)
    found: set[Place] = set()
    for (store, verify), wanted in together.items():
        look = store.intact if verify else store.exists
        found |= {place for place, there in zip(wanted, look([p.path for p in wanted]), strict=True) if there}
    return found


def _said(values: Any) -> bool | None:
    """Answer what the job file says, None where it leaves the word to the message."""
    return next((value for value in values if value is not None), None)
