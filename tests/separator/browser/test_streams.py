"""A page that is open too often goes on by asking."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.separator.browser.window import a_window
from tests.separator.web.kit import a_cloud, served

pytestmark = pytest.mark.timeout(300)


def test_a_page_that_may_not_listen_says_so_and_asks_until_it_may(browser: Browser, shots: Path):
    with a_cloud() as jobs, served(jobs, streams_per_client=1) as web, a_window(browser, web.url, shots) as window:
        window.may_fail_to_load = True  # a stream that is refused is an error in the console
        with web.client.stream("GET", "/v1/events"):
            page = window.go().page
            expect(page.locator("#away")).to_contain_text("Changes are not told here now")
            song = jobs.upload(title="A Song")
            web.front.asking.look_at(song)
            expect(window.row("A Song")).to_be_visible()
            window.shoot("not-told")
        expect(page.locator("#away")).to_be_hidden()
