"""Many songs, and several windows."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.separator.browser.conftest import Opened
from tests.separator.browser.sounds import encoded, music, tone
from tests.separator.browser.stack import Stack

pytestmark = pytest.mark.timeout(300)


def test_two_windows_show_the_same(opened: Opened):
    one, other = opened(), opened(color_scheme="light")
    one.go()
    other.go()
    one.choose(("Seen Twice.flac", music(4, seed=31)))
    expect(one.page.locator("#listen")).to_be_visible()
    expect(other.row("Seen Twice").locator(".words")).to_have_text("0:04")
    other.row("Seen Twice").get_by_role("link").click()
    expect(other.page.locator("#listen")).to_be_visible()

    one.page.get_by_role("button", name="Remove").click()
    one.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(other.page.get_by_role("heading", name="Take a song apart.")).to_be_visible()
    expect(other.row("Seen Twice")).to_have_count(0)


@pytest.mark.slow
def test_the_list_is_filtered_and_goes_on_below_the_newest(opened: Opened, stack: Stack):
    songs = [stack.done(encoded(tone(0.1 + n / 1000)), f"Many {n}.flac") for n in range(33)]
    window = opened()
    page = window.go().page
    names = page.locator("#songs a")
    expect(names).to_have_count(30)
    expect(names.first).to_have_text("Many 32")
    page.get_by_role("button", name="Show more").click()
    expect(window.row("Many 0")).to_be_visible()

    page.get_by_role("button", name="Failed").click()
    expect(window.row("Many 0")).to_have_count(0)
    page.get_by_role("button", name="Done").click()
    expect(names.first).to_have_text("Many 32")
    with stack.client as client:
        assert {client.delete(song["links"]["self"]).status_code for song in songs} == {204}
    expect(names.filter(has_text="Many")).to_have_count(0)
