"""What is lost in mid-work: a worker, and the server; the page goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.separator.browser.conftest import Opened
from tests.separator.browser.sounds import music
from tests.separator.browser.stack import SMALL, Stack
from tests.separator.browser.test_access import faults
from tests.separator.browser.window import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SHARE = "Number(document.getElementById('work-bar').getAttribute('aria-valuenow'))"


@pytest.fixture
def slow(stack: Stack) -> Iterator[Stack]:
    """A worker that takes its time: a real, small model, each song several times."""
    stack.kill_worker()
    stack.separate(*SMALL, "job_config.shifts=2")
    yield stack
    stack.kill_worker()
    stack.separate()


def test_a_worker_that_is_killed_in_mid_song_is_told_of_and_the_bar_goes_on(opened: Opened, slow: Stack):
    window = opened()
    page = window.go().page
    window.choose(("Slow River.flac", music(16, seed=41)))
    until(page, f"{SHARE} >= 5")
    assert faults(page) == {}
    window.shoot("working")
    slow.kill_worker()
    slow.separate(*SMALL, "job_config.shifts=2")

    expect(page.locator("#work-again")).to_contain_text("Second attempt")
    until(page, f"{SHARE} >= 5")
    window.shoot("second-attempt")
    expect(page.locator("#listen")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text("2 attempts")


def test_a_server_that_is_away_for_a_while_is_told_of_and_the_page_finds_everything_again(opened: Opened, slow: Stack):
    window = opened(color_scheme="light")
    window.may_fail_to_load = True
    page = window.go().page
    window.choose(("Gravel Road.flac", music(16, seed=42)))
    until(page, f"{SHARE} >= 2")
    slow.kill_front()
    expect(page.locator("#away")).to_contain_text("The server cannot be reached")
    window.shoot("away")
    slow.start_front()

    expect(page.locator("#away")).to_be_hidden()
    expect(page.locator("#listen")).to_be_visible()
    page.click("#play")
    expect(page.locator("#now")).to_have_text("0:01")


def test_a_song_that_no_worker_could_do_is_tried_again_on_wish(opened: Opened, slow: Stack):
    slow.kill_worker()
    slow.separate(*SMALL, "job_config.model=not_there", "job_config.max_attempts=2")
    window = opened()
    page = window.go().page
    window.choose(("Paper Moon.flac", music(2, seed=43)))
    expect(page.locator("#wrong")).to_be_visible()
    window.shoot("no-worker-could")
    slow.kill_worker()
    slow.separate()
    page.reload()  # the page has the file no more
    with page.expect_request("**/again") as asked:
        page.get_by_role("button", name="Try again").click()

    assert asked.value.post_data is None
    expect(page.locator("#listen")).to_be_visible()
