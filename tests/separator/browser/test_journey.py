"""From a song to a mix of it, as somebody at the page goes."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.separator.browser.conftest import Opened
from tests.separator.browser.sounds import RATE, music
from tests.separator.browser.stack import Stack
from tests.separator.browser.window import until

pytestmark = pytest.mark.timeout(300)


def loudness(page: Page) -> float:
    """How loud it is over three quarters of a second from now."""
    page.wait_for_timeout(900)
    return float(page.evaluate("loudness()"))


def downloaded(page: Page, click: str) -> tuple[str, bytes]:
    with page.expect_download() as told:
        page.click(click)
    return told.value.suggested_filename, told.value.path().read_bytes()


def test_a_song_is_uploaded_watched_heard_mixed_taken_home_and_there_again_after_a_reload(opened: Opened):
    window = opened()
    page = window.go().page
    expect(page.get_by_role("heading", name="Take a song apart.")).to_be_visible()
    window.shoot("1-empty")
    window.choose(("Paper Moon.flac", music(20, seed=11)))

    expect(page.get_by_role("heading", name="Paper Moon")).to_be_visible()
    expect(page.locator("#listen")).to_be_visible()
    expect(page.locator("#total")).to_have_text("of 0:20")
    window.shoot("2-done")

    page.click("#play")
    until(page, "document.getElementById('now').textContent > '0:01'")
    began = page.evaluate("sound.currentTime")
    assert loudness(page) > 0.01
    assert page.evaluate("sound.currentTime") > began
    page.click("[data-stem=vocals] .mute")
    page.click("[data-stem=other] .mute")
    expect(page.locator("#sounding")).to_have_text("DrumsBass")
    page.click("#make")
    expect(page.locator("#take")).to_have_text("Download this mix")
    window.shoot("3-mixed")
    name, content = downloaded(page, "#take")
    samples, rate = soundfile.read(io.BytesIO(content))
    assert (name, rate, len(samples)) == ("Paper Moon - bass+drums.mp3", RATE, 20 * RATE)

    page.reload()
    expect(page.get_by_role("heading", name="Paper Moon")).to_be_visible()
    expect(page.locator("#mixes")).to_contain_text("Drums + Bass")


def test_the_four_stems_play_as_one_and_a_solo_is_as_loud_as_its_share(opened: Opened, song: dict[str, Any]):
    page = opened().go(song["hash"]).page
    page.click("#play")
    until(page, "document.getElementById('now').textContent > '0:01'")
    together = loudness(page)
    page.click("[data-stem=vocals] .solo")
    vocals = loudness(page)
    page.keyboard.press("Shift+Digit1")
    page.keyboard.press("Shift+Digit2")
    drums = loudness(page)

    # Apart in time, four stems of noise would add up to 1.4 times the vocals.
    assert together / vocals == pytest.approx(1 / 0.4, rel=0.1)
    assert drums / vocals == pytest.approx(0.1 / 0.4, rel=0.1)


def test_the_playhead_goes_where_one_clicks_drags_or_presses_a_key_and_every_wave_shows_it(
    opened: Opened, song: dict[str, Any]
):
    page = opened().go(song["hash"]).page
    wave = page.get_by_role("slider", name="Position, bass")
    expect(wave).to_have_attribute("aria-valuemax", re.compile("1[23]"))
    box = wave.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    everywhere = page.get_by_role("slider", name=re.compile("^Position"))
    assert {one.get_attribute("aria-valuetext") for one in everywhere.all()} == {"0:06 of 0:12"}

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 20, steps=3)
    page.mouse.up()
    expect(page.locator("#now")).to_have_text("0:03")
    wave.press("ArrowRight")
    expect(page.locator("#now")).to_have_text("0:08")
    page.keyboard.press("Home")
    expect(page.locator("#now")).to_have_text("0:00")


@pytest.mark.slow
def test_the_song_plays_on_from_where_it_was_sought_to_stops_at_its_end_and_repeats_on_wish(
    opened: Opened, song: dict[str, Any]
):
    page = opened().go(song["hash"]).page
    page.locator("#whole-wave").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page.locator("#now")).to_have_text("0:00")

    page.keyboard.press("l")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    until(page, "document.getElementById('now').textContent >= '0:10'")
    until(page, "document.getElementById('now').textContent < '0:03'")
    assert loudness(page) > 0.01


def test_memory_of_a_song_is_let_go_when_another_is_opened(opened: Opened, song: dict[str, Any], stack: Stack):
    stack.done(music(3, seed=5), "Another.flac")
    page = opened().go(song["hash"]).page
    page.click("#play")
    until(page, "window.sound?.state === 'running'")
    page.evaluate("window.first = sound")
    page.get_by_role("link", name="Another").click()
    until(page, "first.state === 'closed'")

    page.click("#play")
    until(page, "sound !== first && sound.state === 'running'")


def test_everything_can_be_taken_home(opened: Opened, song: dict[str, Any]):
    page = opened().go(song["hash"]).page
    names = {}
    for stem in ("vocals", "drums", "bass", "other"):
        name, content = downloaded(page, f"[data-stem={stem}] a")
        names[name] = len(soundfile.read(io.BytesIO(content))[0])
    zipped, content = downloaded(page, "#zip")
    assert names == {f"Blue in the Evening - {stem}.mp3": 12 * RATE for stem in ("vocals", "drums", "bass", "other")}
    assert (zipped.endswith(".zip"), content[:2]) == (True, b"PK")
