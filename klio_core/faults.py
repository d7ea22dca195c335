"""Faults that the local cloud, or a store in a test, commits on purpose: what, where, how often; by a seed the same."""

from __future__ import annotations

import enum
import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from klio_core.errors import UsageError

log = logging.getLogger("klio.faults")


class Kind(enum.StrEnum):
    """What can go wrong with a request, or with one message on its way."""

    UNAVAILABLE = "unavailable"  # refused: 503, UNAVAILABLE
    BUSY = "busy"  # refused: 429, RESOURCE_EXHAUSTED
    DENIED = "denied"  # refused: 403, PERMISSION_DENIED
    SLOW = "slow"  # served `seconds` late
    LOST_REPLY = "lost-reply"  # done, and nobody hears of it
    CUT = "cut"  # the connection breaks in the middle
    CORRUPT = "corrupt"  # a byte of the body is another one than was stored
    DROP = "drop"  # a message, or an acknowledgement, never arrives
    DELAY = "delay"  # a message comes `seconds` late, with a later answer
    DUPLICATE = "duplicate"  # a message comes now, and again with a later answer
    REORDER = "reorder"  # a message comes after those behind it
    TRUNCATED = "truncated"  # only the first half of the bytes is there, and nothing says so
    FULL = "full"  # there is no room on the disk


DELIVERY = "pubsub.delivery"
ACK = "pubsub.ack"
DOWNLOAD = "objects.download"
UPLOAD = "objects.upload"
LOOK, LIST, DELETE = "objects.look", "objects.list", "objects.delete"
OF_STORES = (LOOK, LIST, DOWNLOAD, UPLOAD, DELETE)
"""What a store is asked for."""
OPERATIONS = (
    *("pubsub.publish", "pubsub.pull", "pubsub.acknowledge", "pubsub.lease", "pubsub.admin", DELIVERY, ACK),
    *(*OF_STORES, "objects.admin"),
)
"""Where faults happen: requests by what they ask for, and, as `delivery` and `ack`, each message by itself."""

_MESSAGES = {DELIVERY: {Kind.DROP, Kind.DELAY, Kind.DUPLICATE, Kind.REORDER}, ACK: {Kind.DROP}}
_REQUESTS = {Kind.UNAVAILABLE, Kind.BUSY, Kind.DENIED, Kind.SLOW, Kind.LOST_REPLY}
# What happens beside the network: a store in a test commits these, and no server can.
_BESIDE = {DOWNLOAD: {Kind.TRUNCATED, Kind.FULL}, UPLOAD: {Kind.FULL}}


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: `kind` befalls the operations that `where` matches, such as `objects.*`.

    It befalls each of them with `probability`; only the `nth`, or only among the first `times`, where those are
    given. Each operation is counted for itself, from 1. `seconds` is how long `slow` and `delay` take. Raises
    UsageError where `where` matches nothing that can suffer from `kind`.
    """

    kind: Kind
    where: str
    probability: float = 1.0
    nth: int | None = None
    times: int | None = None
    seconds: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a rule that could never hold."""
        numbers = [number for number in (self.nth, self.times) if number is not None]
        if not 0 <= self.probability <= 1 or self.seconds < 0 or min(numbers, default=1) < 1:
            got = f"{self.probability:.0%}, nth {self.nth}, times {self.times}, {self.seconds:g} s"
            raise _bad(got, "a probability from 0 to 100 %, numbers from 1 on, and no time before now")
        if not any(self.matches(operation) for operation in OPERATIONS):
            places = ", ".join(operation for operation in OPERATIONS if self.kind in suffered_by(operation))
            raise _bad(f"{self.kind}@{self.where}", f"{self.kind} at one of: {places}")

    def matches(self, operation: str) -> bool:
        """Whether this may befall an operation."""
        return fnmatchcase(operation, self.where) and self.kind in suffered_by(operation)

    def befalls(self, operation: str, number: int) -> bool:
        """Whether this befalls the operation when it happens for the `number`-th time. Always the same answer."""
        if not self.matches(operation) or self.nth not in {None, number} or number > (self.times or number):
            return False
        drawn = hashlib.blake2b(f"{self.seed} {self.kind} {operation} {number}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn, "big") < self.probability * 2**64

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `KIND@WHERE[,10%][,nth=3][,times=2][,0.5s][,seed=7]`. Raises UsageError for anything else."""
        head, *rest = text.split(",")
        kind, at, where = head.strip().partition("@")
        if kind not in set(Kind) or not at:
            raise _bad(text, f"KIND@WHERE, KIND one of: {', '.join(Kind)}")
        said: dict[str, Any] = dict(_setting(part.strip(), text) for part in rest)
        return cls(Kind(kind), where, **said)


class Faults:
    """The faults of one local cloud: asked for every operation, in the order in which they happen.

    Each operation has its own count, so what happens to uploads does not depend on how many downloads there were.
    `committed` counts the faults so far as (operation, kind). Any thread may ask.
    """

    def __init__(self, rules: Iterable[Fault]) -> None:
        self._rules = tuple(rules)
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.committed: Counter[tuple[str, Kind]] = Counter()

    def next(self, operation: str) -> Fault | None:
        """Answer what befalls an operation that happens now: the first rule that does, None where none does."""
        with self._lock:
            self._numbers[operation] += 1
            number = self._numbers[operation]
            fault = next((rule for rule in self._rules if rule.befalls(operation, number)), None)
            if fault is not None:
                self.committed[operation, fault.kind] += 1
                log.info("%s befalls %s number %d", fault.kind, operation, number)
        return fault

    def denies(self, operation: str) -> bool:
        """Whether a rule denies an operation, every time or now and then. Nothing happens by this."""
        return any(rule.kind is Kind.DENIED and rule.matches(operation) for rule in self._rules)


def suffered_by(operation: str) -> set[Kind]:
    """Answer the kinds that may befall an operation."""
    if operation in _MESSAGES:
        return _MESSAGES[operation]
    more = {DOWNLOAD: {Kind.CUT, Kind.CORRUPT}, UPLOAD: {Kind.CUT}, "pubsub.pull": {Kind.CUT}}
    return _REQUESTS | more.get(operation, set()) | _BESIDE.get(operation, set())


def of_cloud(texts: Iterable[str]) -> list[Fault]:
    """Read faults for the local cloud. Raises UsageError as `Fault.parse` does, and for what no server commits."""
    faults = [Fault.parse(text) for text in texts]
    for fault in faults:
        if fault.kind in (Kind.TRUNCATED, Kind.FULL):
            raise _bad(f"{fault.kind}@{fault.where}", "a fault of a server; this one is for a store in a test")
    return faults


def of_store(texts: Iterable[str]) -> list[Fault]:
    """Read faults for a store in a test. Raises UsageError as `Fault.parse` does, and for what befalls messages."""
    faults = [Fault.parse(text) for text in texts]
    for fault in faults:
        if not any(map(fault.matches, OF_STORES)):
            raise _bad(f"{fault.kind}@{fault.where}", f"{fault.kind} at one of: {', '.join(OF_STORES)}")
    return faults


def _setting(part: str, text: str) -> tuple[str, float | int]:
    try:
        if part.endswith("%"):
            return "probability", float(part[:-1]) / 100
        name, equals, value = part.partition("=")
        if equals and name in {"nth", "times", "seed"}:
            return name, int(value)
        if part.endswith("s"):
            return "seconds", float(part[:-1])
    except ValueError:
        pass
    raise _bad(text, "after the first comma: 10%, nth=3, times=2, 0.5s, seed=7")


def _bad(text: str, expected: str) -> UsageError:
    return UsageError("there is no such fault", expected=expected, got=text)
