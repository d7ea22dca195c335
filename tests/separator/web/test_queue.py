"""How long songs that wait still take."""

from __future__ import annotations

import time

import pytest

from klio_core.status import State
from tests.separator.web.kit import Served
from web.songs.queue import Pace, estimates, told


@pytest.mark.parametrize(
    ("busy", "queue", "ends"),
    [
        ([], [60.0], []),  # nobody is seen to work
        ([0.0], [], []),
        ([0.0], [60.0], [60.0]),
        ([30.0], [60.0, 60.0], [90.0, 150.0]),
        ([30.0, 10.0], [60.0, 60.0, 60.0], [70.0, 90.0, 130.0]),
        ([30.0, 10.0], [100.0, 5.0, 5.0], [110.0, 35.0, 40.0]),  # a long one holds up one worker alone
    ],
)
def test_each_song_goes_to_the_worker_that_is_free_first(
    busy: list[float], queue: list[float], ends: list[float]
) -> None:
    assert estimates(busy, queue) == ends


@pytest.mark.parametrize(
    ("done", "music_s", "spent"),
    [
        ([(60.0, 200.0)], 100.0, 30.0),
        ([(60.0, 200.0), (50.0, 200.0), (4000.0, 200.0)], 200.0, 60.0),  # the middle one counts
        ([(60.0, 200.0), (30.0, 100.0), (10.0, 10.0)], None, 30.0),
        ([(0.0, 200.0), (60.0, 200.0), (9.0, 0.0)], 100.0, 30.0),
    ],
)
def test_a_song_takes_as_long_as_others_took_for_as_much_music(
    done: list[tuple[float, float]], music_s: float | None, spent: float
) -> None:
    pace = Pace.of(done)

    assert pace is not None
    assert pace.spent(music_s) == pytest.approx(spent)


@pytest.mark.parametrize("done", [[], [(0.0, 200.0)], [(5.0, 0.0)]])
def test_without_a_song_that_was_done_there_is_no_pace(done: list[tuple[float, float]]) -> None:
    assert Pace.of(done) is None


@pytest.mark.parametrize(
    ("seconds", "before", "said"),
    [
        (0.0, None, 10),
        (14.0, None, 10),
        (16.0, None, 20),
        (59.0, None, 60),
        (100.0, None, 90),
        (290.0, None, 300),
        (400.0, None, 420),
        (5000.0, None, 4800),
        (14.0, 20.0, 20),  # near enough to what was said
        (12.4, 20.0, 10),
        (100.0, 120.0, 120),
        (97.0, 120.0, 90),
        (1000.0, 120.0, 1020),
    ],
)
def test_what_is_told_is_round_and_stays_while_it_is_near(seconds: float, before: float | None, said: float) -> None:
    assert told(seconds, before) == said


def test_what_is_told_changes_seldom_while_an_estimate_wavers() -> None:
    said, heard = None, set()
    for wavering in [178.0, 195.0, 188.0, 199.0, 182.0, 164.0, 171.0, 185.0] * 10:
        said = told(wavering, said)
        heard.add(said)

    assert heard == {180.0}


def test_songs_that_wait_say_how_long_they_still_take(web: Served) -> None:
    jobs, long_ago = web.jobs, time.time() - 1000
    done = jobs.upload(b"done", uploaded_at=long_ago)
    jobs.make_stems(done, duration_s=100.0, seconds=50.0)
    working = jobs.upload(b"working", duration_s=400.0, uploaded_at=long_ago + 1)
    queued = [jobs.upload(b"%d" % n, duration_s=200.0 + 30 * n, uploaded_at=long_ago + 2 + n) for n in range(2)]
    unknown = jobs.upload(b"nobody knows how long it is", uploaded_at=long_ago + 9)
    web.front.look_again()
    assert web.song(queued[0])["seconds_left"] is None  # nobody works

    jobs.tell(working, State.LEASED)
    web.until(working, state="working")
    for song, seconds in zip([*queued, unknown], (300, 420, 480), strict=True):
        web.until(song, state="queued", seconds_left=seconds)

    jobs.make_stems(working, duration_s=400.0, seconds=200.0)
    jobs.tell(working, State.COMMITTED)
    web.until(working, state="done", seconds_left=None)
    web.until(queued[0], state="queued", seconds_left=None)
