"""Whatever is dropped on the page: it says what is wrong, no bar is stuck, and the next song works."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.separator.browser import sounds
from tests.separator.browser.conftest import Opened

pytestmark = pytest.mark.timeout(300)


def test_a_file_that_is_no_song_says_so_with_a_way_on_and_the_next_song_works(opened: Opened):
    window = opened()
    window.may_fail_to_load = True  # a refused upload is an error in the console
    page = window.go().page
    whole = sounds.music(2, seed=3)
    window.choose(
        ("empty.mp3", b""),
        ("page.mp3", b"<!doctype html><title>404</title>"),
        ("cut.flac", whole[: len(whole) // 2]),
        ("hours.flac", sounds.hours_of_silence(3)),
        ("nan.wav", sounds.not_a_number()),
        ("blink.wav", sounds.encoded(sounds.tone(0.1), "WAV")),
        ("silent.flac", sounds.silence(2)),
        ("good.flac", whole),
    )
    expected = {
        "empty.mp3": "This file is empty",
        "page.mp3": "This is no audio file",
        "cut": "This file ends too early",
        "hours.flac": "This song is too long",
        "nan": "What is in this file is no sound",
        "blink": "0.1 s",
        "silent": "0:02",
        "good": "0:02",
    }
    for title, words in expected.items():
        expect(window.row(title).locator(".words")).to_contain_text(words)
    expect(page.locator(".library [role=progressbar]:visible")).to_have_count(0)
    window.shoot("bad-files")

    window.row("page.mp3").get_by_role("button", name="Take page.mp3 off the list").click()
    expect(window.row("page.mp3")).to_have_count(0)


def test_a_song_that_failed_says_why_and_can_be_removed(opened: Opened):
    window = opened(color_scheme="light")
    page = window.go().page
    whole = sounds.music(3, seed=4)
    window.choose(("half.flac", whole[: len(whole) // 2]))
    expect(page.locator("#wrong-title")).to_have_text("This file ends too early")
    expect(page.locator("#wrong-todo")).to_contain_text("upload the whole file")
    expect(page.locator("#retry")).to_be_hidden()  # the file would be as short
    window.shoot("failed")

    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Take a song apart.")).to_be_visible()
    expect(window.row("half")).to_have_count(0)


def test_silence_can_be_played_and_makes_no_noise(opened: Opened):
    window = opened()
    page = window.go().page
    window.choose(("quiet.flac", sounds.silence(3)))
    page.click("#play")
    expect(page.locator("#now")).to_have_text("0:01")
    assert page.evaluate("loudness()") < 1e-4
