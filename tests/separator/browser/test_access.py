"""Everybody can use it: by keyboard, by screen reader, in dark and light, on a phone; and titles are only text."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.separator.browser import sounds
from tests.separator.browser.conftest import Opened
from tests.separator.browser.stack import Stack

pytestmark = pytest.mark.timeout(300)
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "has_touch": True}
LOOKS = {
    "dark": {},
    "light": {"color_scheme": "light"},
    "phone": PHONE,
    "phone-light": {**PHONE, "color_scheme": "light"},
}

LISTEN = """
window.aloud = [];
new MutationObserver(() => aloud.push(said.textContent)).observe(said, {childList: true});
"""


def faults(page: Page) -> dict[str, str]:
    """What axe calls at least moderate, with where it is."""
    found = Axe().run(page).response["violations"]
    return {one["id"]: str(one["nodes"][0]["target"]) for one in found if one["impact"] != "minor"}


def too_wide(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture(scope="package")
def failed(stack: Stack) -> dict[str, Any]:
    """A song that could not be separated."""
    whole = sounds.music(2, seed=21)
    song = stack.send(whole[: len(whole) // 2], "Half a Song.flac")
    return stack.until(song, "failed")


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_axe_finds_nothing_and_nothing_is_too_wide(
    opened: Opened, song: dict[str, Any], failed: dict[str, Any], look: dict[str, Any]
):
    window = opened(**look)
    page = window.go().page
    expect(window.row("Blue in the Evening")).to_be_visible()
    found = {"list": (faults(page), too_wide(page))}
    window.shoot("list")
    page.goto(f"{window.home}/#{failed['hash']}")
    expect(page.locator("#wrong-title")).to_be_visible()
    found["failed"] = faults(page), too_wide(page)
    window.shoot("failed")
    page.goto(f"{window.home}/#{song['hash']}")
    page.click("[data-stem=vocals] .mute")
    found["song"] = faults(page), too_wide(page)
    window.shoot("song")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    found["keys"] = faults(page), too_wide(page)
    window.shoot("keys")

    assert found == dict.fromkeys(found, ({}, 0))


def test_a_title_is_text_whatever_is_in_it(opened: Opened, stack: Stack):
    title, artist = "<img src=x onerror=document.title='taken'>", "</p><script>document.title='taken'</script>"
    song = stack.done(sounds.tagged(title, artist, seed=22))
    window = opened()
    page = window.go(song["hash"]).page

    expect(page.locator("#title")).to_have_text(title)
    expect(page.locator("#by")).to_contain_text(artist)
    expect(page.locator("img")).to_have_count(0)
    expect(page).to_have_title(f"{title} · Separator")


def test_the_keyboard_is_enough(opened: Opened, song: dict[str, Any]):
    page = opened().go().page
    link = page.get_by_role("link", name="Blue in the Evening")
    expect(link).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if link.evaluate("(link) => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("Blue in the Evening")
    page.keyboard.press("Digit2")
    page.keyboard.press("Digit3")
    expect(page.locator("#sounding")).to_have_text("VocalsOther")
    page.keyboard.press("Shift+Digit4")
    expect(page.get_by_role("button", name="Solo other")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#sounding")).to_have_text("Other")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_colours_can_be_chosen_and_are_kept(opened: Opened):
    page = opened(color_scheme="dark").go().page
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Colours: as the system has it").click()
    light = page.evaluate(paper)
    page.reload()

    assert page.evaluate(paper) == light != dark
    expect(page.get_by_role("button", name="Colours: light")).to_be_visible()


def test_changes_of_state_are_said_aloud_and_not_each_per_cent(opened: Opened):
    window = opened()
    page = window.go().page
    page.evaluate(
        "new MutationObserver(() => (window.aloud ||= []).push(said.textContent)).observe(said, {childList: true})"
    )
    window.choose(("Said Aloud.flac", sounds.music(8, seed=23)))
    expect(page.locator("#listen")).to_be_visible()

    spoken = page.evaluate("aloud")
    assert spoken[-1] == "Said Aloud is done."
    assert len(spoken) <= 3


def test_nothing_moves_for_who_asked_for_that(opened: Opened, song: dict[str, Any]):
    window = opened(reduced_motion="reduce")
    page = window.go().page
    expect(window.row(song["title"])).to_be_visible()
    picture = "document.getElementById('hero-wave').toDataURL()"
    before = page.evaluate(picture)
    page.wait_for_timeout(400)

    assert page.evaluate(picture) == before
