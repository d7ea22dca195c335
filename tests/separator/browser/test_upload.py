"""How songs get to the server: dropped, watched on their way, and held back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.separator.browser.conftest import Opened
from tests.separator.browser.sounds import encoded, music, tone

pytestmark = pytest.mark.timeout(300)
BYTES_PER_S = 100_000


def test_a_song_on_its_way_says_how_much_is_sent_and_can_be_cancelled(opened: Opened):
    window = opened()
    page = window.go().page
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": BYTES_PER_S}
    network.send("Network.emulateNetworkConditions", slow)
    window.choose(("Long Way.flac", music(30, seed=61)), ("Behind It.flac", music(29, seed=62)), ("Third.flac", b"x"))
    row = window.row("Long Way.flac")
    expect(row.locator(".words")).to_have_text(re.compile(r"Sending · [1-9]\d* % of 2\.\d MB"))
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile(r"[1-9]\d*"))
    expect(window.row("Third.flac").locator(".words")).to_have_text("Waits for its turn")
    window.shoot("sending")

    for name in ("Third.flac", "Long Way.flac", "Behind It.flac"):
        page.get_by_role("button", name=f"Cancel sending {name}").click()
    expect(page.locator("#uploads")).to_be_empty()
    expect(window.row("Long Way")).to_have_count(0)


def test_songs_are_dropped_anywhere_on_the_page(opened: Opened):
    window = opened()
    page = window.go().page
    content = list(encoded(tone(0.2), "WAV"))
    files = page.evaluate_handle(
        """(content) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(content)], "Dropped.wav"));
            return files;
        }""",
        content,
    )
    page.dispatch_event("main", "dragenter", {"dataTransfer": files})
    expect(page.get_by_text("Let go to take it apart")).to_be_visible()
    window.shoot("dropping")
    page.dispatch_event("main", "drop", {"dataTransfer": files})

    expect(page.get_by_text("Let go to take it apart")).to_be_hidden()
    expect(page.locator("#title")).to_have_text("Dropped")
    expect(page.locator("#listen")).to_be_visible()
