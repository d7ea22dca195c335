"""Which fault befalls what, and when: rules without any server."""

from __future__ import annotations

import pytest

from klio_core.errors import UsageError
from klio_core.faults import DELIVERY, OPERATIONS, Fault, Faults, Kind, of_cloud, of_store, suffered_by


def befallen(operation: str, numbers: int, *rules: Fault) -> list[int]:
    faults = Faults(rules)
    return [number for number in range(1, numbers + 1) if faults.next(operation)]


def test_the_same_seed_befalls_the_same_operations_and_another_seed_others() -> None:
    seven, again, eight = (befallen(DELIVERY, 1000, Fault(Kind.DROP, DELIVERY, 0.1, seed=seed)) for seed in (7, 7, 8))

    assert seven == again
    assert seven != eight


@pytest.mark.parametrize("probability", [0.0, 0.05, 0.5, 1.0])
def test_a_probability_is_about_that_share(probability: float) -> None:
    share = len(befallen(DELIVERY, 10_000, Fault(Kind.DROP, DELIVERY, probability))) / 10_000

    assert share == pytest.approx(probability, abs=0.02)


def test_what_happens_to_one_operation_does_not_depend_on_the_others() -> None:
    alone, among = Faults([Fault(Kind.BUSY, "objects.*", 0.3)]), Faults([Fault(Kind.BUSY, "objects.*", 0.3)])
    first = [alone.next("objects.upload") is None for _ in range(50)]

    second = []
    for number in range(50):
        for _ in range(number % 4):
            among.next("objects.look")
        second.append(among.next("objects.upload") is None)

    assert first == second


def test_only_the_nth_or_the_first_few_are_befallen() -> None:
    assert befallen(DELIVERY, 10, Fault(Kind.DROP, DELIVERY, nth=3)) == [3]
    assert befallen(DELIVERY, 10, Fault(Kind.DROP, DELIVERY, times=2)) == [1, 2]


def test_the_first_rule_that_befalls_wins_and_is_counted() -> None:
    faults = Faults([Fault(Kind.DROP, DELIVERY, nth=1), Fault(Kind.DUPLICATE, "pubsub.*")])

    assert [fault and fault.kind for fault in (faults.next(DELIVERY), faults.next(DELIVERY))] == ["drop", "duplicate"]
    assert faults.next("pubsub.publish") is None  # no request can come twice
    assert faults.committed == {(DELIVERY, Kind.DROP): 1, (DELIVERY, Kind.DUPLICATE): 1}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop@pubsub.delivery", Fault(Kind.DROP, DELIVERY)),
        ("drop@pubsub.delivery,10%,seed=7", Fault(Kind.DROP, DELIVERY, 0.1, seed=7)),
        (" slow@objects.*, 2.5%, 0.5s", Fault(Kind.SLOW, "objects.*", 0.025, seconds=0.5)),
        ("lost-reply@objects.upload,nth=3", Fault(Kind.LOST_REPLY, "objects.upload", nth=3)),
        ("unavailable@*,times=2", Fault(Kind.UNAVAILABLE, "*", times=2)),
    ],
)
def test_a_rule_is_read_from_a_few_words(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "KIND@WHERE, KIND one of: unavailable, busy, denied, slow"),
        ("drop", "KIND@WHERE"),
        ("explode@pubsub.pull", "KIND one of: unavailable"),
        ("drop@objects.upload", "drop at one of: pubsub.delivery, pubsub.ack"),
        ("corrupt@pubsub.*", "corrupt at one of: objects.download"),
        ("cut@nowhere", "cut at one of: pubsub.pull, objects.download, objects.upload"),
        ("drop@pubsub.ack,often", "after the first comma: 10%, nth=3, times=2, 0.5s, seed=7"),
        ("drop@pubsub.ack,nth=x", "after the first comma"),
        ("drop@pubsub.ack,x%", "after the first comma"),
        ("drop@pubsub.ack,110%", "a probability from 0 to 100 %"),
        ("drop@pubsub.ack,nth=0", "numbers from 1 on"),
        ("slow@pubsub.pull,-1s", "no time before now"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_would_be_one(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as refused:
        Fault.parse(text)

    assert refused.value.what == "there is no such fault"
    assert expected in (refused.value.expected or "")


def test_every_kind_can_befall_something() -> None:
    assert {kind for operation in OPERATIONS for kind in suffered_by(operation)} == set(Kind)


@pytest.mark.parametrize("text", ["full@objects.upload", "truncated@objects.*"])
def test_what_happens_beside_the_network_is_for_stores_alone(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        of_cloud([text])

    assert refused.value.expected == "a fault of a server; this one is for a store in a test"
    assert of_store([text]) == [Fault.parse(text)]
