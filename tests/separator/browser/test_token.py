"""Where tokens are required, the page asks for one, and is then one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.separator.browser.sounds import music
from tests.separator.browser.stack import Stack, free_port
from tests.separator.browser.window import a_window
from web.guard import tokens

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def guarded(stack: Stack, tmp_path: Path) -> Iterator[tuple[Stack, str]]:
    """A second front over the same jobs, that wants tokens; and ada's."""
    file = tmp_path / "tokens.json"
    token = tokens.add(file, "ada")
    front = replace(stack, port=free_port(), workers={})
    try:
        front.start_front(f"-Otokens_file={file}")
        yield front, token
    finally:
        front.kill_front()


def test_the_page_asks_for_a_token_and_goes_on_with_a_right_one(
    guarded: tuple[Stack, str], browser: Browser, shots: Path
):
    front, token = guarded
    with a_window(browser, front.url, shots) as window:
        window.may_fail_to_load = True  # a wrong token is an error in the console
        page = window.go().page
        dialog = page.get_by_role("dialog", name="Who is there?")
        dialog.get_by_label("Token").fill("a wrong one")
        dialog.get_by_role("button", name="Go on").click()
        expect(dialog.get_by_role("alert")).to_have_text("That token is not known here.")
        window.shoot("token")
        dialog.get_by_label("Token").fill(token)
        dialog.get_by_role("button", name="Go on").click()
        expect(dialog).to_have_count(0)
        expect(page.locator("#who")).to_have_text("ada")

        window.choose(("Mine.flac", music(2, seed=51)))
        page.click("#play")
        expect(page.locator("#now")).to_have_text("0:01")
        page.reload()
        expect(page.locator("#title")).to_have_text("Mine")
        page.get_by_role("button", name="Sign out").click()
        expect(dialog).to_be_visible()
