from __future__ import annotations

from klio_exec.local.pubsub.paging import page

LETTERS = list("abcdefg")


def test_pages_follow_each_other_without_gap_or_overlap() -> None:
    seen, token, pages = [], "", 0
    while True:
        here, token = page(LETTERS, 3, token, str)
        seen += here
        pages += 1
        if not token:
            break
    assert (seen, pages) == (LETTERS, 3)


def test_a_last_page_that_is_full_is_the_last() -> None:
    assert page(LETTERS, 7, "", str) == (LETTERS, "")


def test_without_a_size_everything_comes_at_once() -> None:
    assert page(LETTERS, 0, "", str) == (LETTERS, "")


def test_what_was_deleted_between_two_pages_does_not_disturb_the_next() -> None:
    assert page(["a", "b", "e"], 2, "c", str) == (["e"], "")
