"""From what lies there and what was heard to what clients see: the rule, and the memory around it. No service."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klio_core.status import State, Status
from tests.separator.web.kit import JOBS
from web.model import SongFile, Trouble
from web.places import Places, Stem
from web.songs.catalogue import Catalogue
from web.songs.heard import Delivery, Heard
from web.songs.letters import Letter
from web.songs.lying import Lying, Work
from web.songs.objects import Seen
from web.songs.state import LOST, Facts, state_of

SONG = "a" * 64
PLACES = Places.of(JOBS)
LEASE_S = PLACES.separate.lease_s
ANY = None
WORDS = {ANY: ".", True: "yes", False: "no"}

TABLE = [
    # stems, letter, told, lost, and what follows
    (True, ANY, ANY, ANY, "done"),
    (False, True, ANY, ANY, "failed"),
    (False, False, {"dead letter", "dropped"}, ANY, "failed"),
    (False, False, {"committed", "passed on"}, ANY, "failed"),
    (False, False, {"leased", "working"}, False, "working"),
    (False, False, {"leased", "working"}, True, "queued"),
    (False, False, {"queued", "nothing"}, ANY, "queued"),
]


@pytest.mark.parametrize("stems", [True, False])
@pytest.mark.parametrize("letter", [True, False])
@pytest.mark.parametrize("told", [None, *State])
@pytest.mark.parametrize("lost", [True, False])
def test_the_state_of_a_song_is_what_the_table_says(*, stems: bool, letter: bool, told: State | None, lost: bool):
    word = str(told) if told else "nothing"
    rows = [
        state
        for stems_, letter_, told_, lost_, state in TABLE
        if stems_ in (ANY, stems)
        and letter_ in (ANY, letter)
        and (told_ is ANY or word in told_)
        and lost_ in (ANY, lost)
    ]

    assert [str(state_of(Facts(stems, letter, told, lost))[0])] == rows


def test_the_table_in_the_code_is_this_one():
    text = state_of.__doc__ or ""
    rows = [line.split("│") for line in text.splitlines() if "│" in line][1:]
    told = [row[0].split() for row in rows]

    assert [[row[0], row[1], row[-1]] for row in told] == [
        [WORDS[stems], WORDS[letter], WORDS[lost]] for stems, letter, _, lost, _ in TABLE
    ]
    assert [row[1].split()[0].rstrip(",:") for row in rows] == [row[-1] for row in TABLE]
    assert [set(" ".join(row[2:-1]).split(", ")) for row in told] == [row[2] or {"."} for row in TABLE]


def record(state: State, **said: Any) -> Status:
    return replace(Status(SONG.encode(), "separate", state, time.time(), worker="one"), **said)


def heard(*records: tuple[float, Status]) -> Heard:
    found = Heard(LEASE_S)
    for at, one in records:
        found.take(one, at)
    return found


def state(found: Heard, now: float) -> tuple[State, str, bool]:
    newest = found.newest(now)
    assert newest is not None
    return newest.record.state, newest.record.worker, found.lost(newest, now)


def test_a_worker_that_says_nothing_for_its_lease_is_lost():
    found = heard((0, record(State.LEASED)), (5, record(State.WORKING)))

    assert state(found, 5 + LEASE_S) == (State.WORKING, "one", False)
    assert state(found, 5 + LEASE_S + 1) == (State.WORKING, "one", True)


def test_of_two_workers_the_one_counts_that_began_last():
    found = heard(
        (0, record(State.LEASED)),
        (9, record(State.LEASED, worker="two", attempt=2)),
        (10, record(State.WORKING, progress=0.9)),
    )

    assert state(found, 11) == (State.LEASED, "two", False)


def test_the_word_of_one_who_asked_comes_late_and_does_not_hide_a_worker():
    found = heard((0, record(State.LEASED)), (1, record(State.QUEUED, worker="web")))

    assert state(found, 2) == (State.LEASED, "one", False)
    assert state(found, LEASE_S + 2) == (State.QUEUED, "web", False)


def test_a_repetition_that_was_on_its_way_when_the_work_ended_changes_nothing():
    found = heard((0, record(State.LEASED)), (1, record(State.COMMITTED)), (2, record(State.WORKING)))

    assert state(found, 3)[0] is State.COMMITTED


def test_progress_only_grows_within_a_delivery_and_begins_anew_with_the_next():
    found = heard(
        (0, record(State.LEASED)), (1, record(State.WORKING, progress=0.5)), (2, record(State.WORKING, progress=0.4))
    )
    newest = found.newest(2)
    assert newest is not None
    assert newest.record.progress == 0.5

    found.take(record(State.LEASED, attempt=2), 3)
    newest = found.newest(3)
    assert newest is not None
    assert newest.record.progress is None


def test_the_time_left_follows_from_the_pace_so_far():
    one = Delivery.of(record(State.LEASED), 0).next(record(State.WORKING, progress=0.1), 10)
    assert one.seconds_left is None

    one = one.next(record(State.WORKING, progress=0.3), 14)
    assert one.seconds_left == 14.0  # a fifth took 4 s, and seven tenths are left


WORDS_OF_WORKERS = st.builds(
    record,
    st.sampled_from(list(State)),
    worker=st.sampled_from(["one", "two", "web"]),
    attempt=st.integers(1, 3),
    progress=st.none() | st.floats(0, 1),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 100), WORDS_OF_WORKERS), min_size=1, max_size=20))
def test_whatever_is_heard_nothing_works_for_ever_and_no_bar_goes_back(told: list[tuple[float, Status]]):
    found, now = Heard(LEASE_S), 1000.0
    before: Delivery | None = None
    for pause, one in told:
        now += pause
        found.take(one, now)
        newest = found.newest(now)
        assert newest is not None
        if before is not None and (newest.began, newest.record.worker) == (before.began, before.record.worker):
            assert (newest.record.progress or 0) >= (before.record.progress or 0)
        assert newest.seconds_left is None or newest.seconds_left >= 0
        before = newest
    later = found.newest(now + LEASE_S + 1)
    assert later is not None
    facts = Facts(told=later.record.state, lost=found.lost(later, now + LEASE_S + 1))
    assert state_of(facts)[0] != "working"


def lying(**said: Any) -> Lying:
    now = datetime.now(UTC)
    file = SongFile(file_name="a.mp3", kind="mp3", size_bytes=5, title="A", uploaded_at=now, asked=now.timestamp())
    return replace(Lying(file), **said)


def seen(path: str, at: float = 0.0) -> Seen:
    return Seen(path, 7, at or time.time(), 1)


def stems() -> dict[str, Any]:
    made = {stem: seen(PLACES.stem(SONG, stem)) for stem in Stem}
    return {"stems": made, "peaks": seen(PLACES.peaks(SONG)), "work": Work(seconds=2.0, worker="one", attempt=2)}


def letter(after: float, mix: str | None = None) -> Letter:
    trouble = Trouble(type="urn:klio:separator:not-audio", title="This is no audio file", detail="", todo="Play it.")
    return Letter("gs://x/letter", SONG, mix, time.time() + after, time.time(), trouble)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def catalogue(told: list[str]) -> Catalogue:
    return Catalogue(PLACES, told.append)


def test_a_song_is_queued_works_and_is_done(catalogue: Catalogue, told: list[str]):
    catalogue.put(SONG, lying(), 1)
    states = [catalogue.song(SONG)]
    for one in (record(State.LEASED), record(State.WORKING, progress=0.25, note="separating")):
        catalogue.take(one)
        states.append(catalogue.song(SONG))
    catalogue.put(SONG, lying(**stems()), 2)
    states.append(catalogue.song(SONG))

    assert [(song.state, song.progress, song.stage, song.worker) for song in states if song] == [
        ("queued", 0.0, None, None),
        ("working", 0.0, None, "one"),
        ("working", 0.25, "separating", "one"),
        ("done", 1.0, None, "one"),
    ]
    assert told == [SONG] * 4
    done = states[-1]
    assert done is not None
    assert [stem.name for stem in done.stems] == ["vocals", "drums", "bass", "other"]
    assert (done.attempt, done.seconds_worked, done.zip_url) == (2, 2.0, f"/v1/songs/{SONG}/stems.zip")


def test_what_changes_nothing_is_no_change(catalogue: Catalogue, told: list[str]):
    there = lying()
    catalogue.put(SONG, there, 1)
    version = catalogue.version
    catalogue.put(SONG, there, 2)
    catalogue.tick()

    assert (catalogue.version, told) == (version, [SONG])


def test_a_song_whose_worker_died_is_queued_again_with_a_note(catalogue: Catalogue):
    brief = replace(PLACES, separate=replace(PLACES.separate, lease_s=0.0))
    catalogue = Catalogue(brief)
    catalogue.put(SONG, lying(), 1)
    catalogue.take(record(State.WORKING, progress=0.5))
    time.sleep(0.001)
    catalogue.tick()

    song = catalogue.song(SONG)
    assert song is not None
    assert (song.state, song.note, song.progress, song.worker) == ("queued", LOST, 0.0, None)


def test_when_the_worker_that_counted_is_lost_another_one_counts_again(catalogue: Catalogue):
    brief = replace(PLACES, separate=replace(PLACES.separate, lease_s=0.05))
    catalogue = Catalogue(brief)
    catalogue.put(SONG, lying(), 1)
    catalogue.take(record(State.LEASED))
    catalogue.take(record(State.DROPPED, worker="another", note="input missing"))
    time.sleep(0.06)
    catalogue.tick()

    song = catalogue.song(SONG)
    assert song is not None
    assert song.state == "failed"


def test_a_second_attempt_says_that_it_is_one(catalogue: Catalogue):
    catalogue.put(SONG, lying(), 1)
    catalogue.take(record(State.LEASED, attempt=2))

    song = catalogue.song(SONG)
    assert song is not None
    assert (song.attempt, song.note) == (2, "Attempt 2: the worker before did not finish.")


def test_a_dead_letter_counts_from_the_asking_on_until_somebody_begins_anew(catalogue: Catalogue):
    catalogue.put(SONG, lying(letters=(letter(-60),)), 1)
    before = catalogue.song(SONG)
    catalogue.put(SONG, lying(letters=(letter(-60), letter(1))), 2)
    after = catalogue.song(SONG)
    catalogue.take(record(State.LEASED))
    anew = catalogue.song(SONG)

    assert [song.state for song in (before, after, anew) if song] == ["queued", "failed", "working"]
    assert after is not None
    assert after.problem is not None
    assert (after.problem.title, after.problem.todo) == ("This is no audio file", "Play it.")


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (record(State.DEAD_LETTER, note="empty-audio: EmptyAudio: no bytes"), "empty-audio"),
        (record(State.DROPPED, note="input missing"), "input-missing"),
        (record(State.COMMITTED), "stems-gone"),
        (record(State.DROPPED, note="something new"), "dropped"),
    ],
)
def test_a_record_that_ends_the_work_without_stems_has_a_problem(catalogue: Catalogue, last: Status, kind: str):
    catalogue.put(SONG, lying(), 1)
    catalogue.take(last)

    song = catalogue.song(SONG)
    assert song is not None
    assert song.state == "failed"
    assert song.problem is not None
    assert song.problem.type == f"urn:klio:separator:{kind}"
    assert song.problem.todo


def with_mixes(**said: Any) -> Lying:
    there = lying(**said)
    return replace(there, file=there.file.model_copy(update={"mixes": {"bass+drums": 0.0, "drums+vocals": 0.0}}))


def mixes(catalogue: Catalogue) -> dict[str, str]:
    song = catalogue.song(SONG)
    assert song is not None
    return {mix.name: mix.state for mix in song.mixes}


def test_mixes_of_one_song_are_told_apart(catalogue: Catalogue):
    mix = record(State.WORKING, job="mix", note="bass+drums")
    catalogue.put(SONG, with_mixes(**stems()), 1)
    assert mixes(catalogue) == {"bass+drums": "queued", "drums+vocals": "queued"}
    catalogue.take(mix)
    assert mixes(catalogue) == {"bass+drums": "working", "drums+vocals": "queued"}
    there = {"bass+drums": seen(PLACES.mix_of(SONG, "bass+drums"))}
    catalogue.put(SONG, with_mixes(mixes=there, letters=(letter(0, "drums+vocals"),), **stems()), 2)
    assert mixes(catalogue) == {"bass+drums": "done", "drums+vocals": "failed"}


def test_a_mix_of_a_song_that_failed_has_failed_for_the_same_reason(catalogue: Catalogue):
    catalogue.put(SONG, with_mixes(letters=(letter(1),)), 1)

    song = catalogue.song(SONG)
    assert song is not None
    assert {mix.problem for mix in song.mixes} == {song.problem}
    assert song.problem is not None


def test_a_look_that_began_earlier_does_not_bring_back_what_was_removed(catalogue: Catalogue):
    catalogue.put(SONG, lying(), 5)
    catalogue.put_all([], 4)
    assert catalogue.song(SONG) is not None
    catalogue.put(SONG, None, 6)
    catalogue.put(SONG, lying(), 5.5)

    assert catalogue.song(SONG) is None
    assert [(song, entry) for _, song, entry in catalogue.since(0)] == [(SONG, None)]


def test_ids_of_changes_only_grow_and_are_times(catalogue: Catalogue):
    began = time.time_ns() // 1000
    for number in range(100):
        catalogue.put(f"{number:064x}", lying(), 1)

    ids = [at for at, _, _ in catalogue.since(0)]
    assert len(set(ids)) == 100
    assert ids == sorted(ids)
    assert began <= ids[0]
    assert ids[-1] <= time.time_ns() // 1000 + 100
    assert [song for _, song, _ in catalogue.since(ids[97])] == [f"{98:064x}", f"{99:064x}"]


def test_all_that_was_heard_of_songs_that_nobody_knows_is_forgotten(catalogue: Catalogue):
    assert not catalogue.take(record(State.LEASED))
    catalogue.put(SONG, lying(), 1)

    song = catalogue.song(SONG)
    assert song is not None
    assert song.state == "queued"
