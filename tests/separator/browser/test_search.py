"""Where there are many songs, a field finds some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.separator.browser.test_access import LOOKS, faults, too_wide
from tests.separator.browser.window import Window, a_window, until
from tests.separator.web.kit import Served, a_cloud, served

pytestmark = pytest.mark.timeout(300)
TITLES = (
    "Evening Song",
    "An Old One",
    "Déjà Vu",
    "Straße nach Süden",
    "Blue in the Evening",
    "Ночь",
    "Harbour",
    "Nine Lives",
    "Slow Train",
)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
Opens = Callable[..., Window]


@pytest.fixture(scope="module")
def many() -> Iterator[Served]:
    with a_cloud() as jobs, served(jobs) as web:
        for place, title in enumerate(TITLES):
            add(web, title, place)
        yield web


@pytest.fixture
def opens(many: Served, browser: Browser, shots: Path) -> Iterator[Opens]:
    with ExitStack() as windows:
        yield lambda **look: windows.enter_context(a_window(browser, many.url, shots, **look))


def add(web: Served, title: str, minutes: int) -> str:
    at = NOW + timedelta(minutes=minutes)
    song = web.jobs.upload(title.encode(), title=title, artist="The Band", file_name="a.mp3", uploaded_at=at)
    web.jobs.make_stems(song)
    web.front.asking.look_at(song)
    return song


def test_a_few_songs_are_not_searched_and_more_are(browser: Browser, shots: Path):
    with a_cloud() as jobs, served(jobs) as web, a_window(browser, web.url, shots) as window:
        for place, title in enumerate(TITLES[:8]):
            add(web, title, place)
        page = window.go().page
        expect(page.locator("#songs .row")).to_have_count(8)
        expect(page.get_by_role("searchbox")).to_have_count(0)
        page.keyboard.press("/")
        add(web, TITLES[8], 8)
        expect(page.get_by_role("searchbox", name="Search songs")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_what_is_searched_is_listed_said_and_looks_right(many: Served, opens: Opens, look: dict[str, Any]):
    window = opens(**look)
    page = window.go().page
    names = page.locator("#songs a")
    expect(names).to_have_count(9)
    window.shoot("search-empty")
    page.keyboard.press("/")
    page.keyboard.type("EVENING band")
    expect(names).to_have_text(["Blue in the Evening", "Evening Song"])
    until(page, "said.textContent === '2 songs found.'")
    found = {"found": (faults(page), too_wide(page))}
    window.shoot("search-found")
    page.get_by_role("searchbox").fill("strasse sud")
    expect(names).to_have_text(["Straße nach Süden"])
    page.get_by_role("searchbox").fill("nothing of this name")
    expect(page.locator("#none")).to_have_text("Nothing found for “nothing of this name”.")
    found["none"] = faults(page), too_wide(page)
    window.shoot("search-none")
    page.keyboard.press("Escape")
    expect(names).to_have_count(9)

    assert found == dict.fromkeys(found, ({}, 0))


def test_a_song_that_comes_meanwhile_is_listed_where_it_is_what_is_searched(many: Served, opens: Opens):
    page = opens().go().page
    names = page.locator("#songs a")
    page.get_by_role("searchbox").fill("harbour")
    expect(names).to_have_text(["Harbour"])
    others = [add(many, title, 60) for title in ("Something Else", "Hárbour Again")]
    expect(names).to_have_text(["Hárbour Again", "Harbour"])
    for song in others:
        many.client.delete(f"/v1/songs/{song}")
    expect(names).to_have_text(["Harbour"])
