"""Songs are found by words of what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.separator.web.kit import Jobs, Served, a_cloud, served
from web.guard.tokens import add
from web.songs.search import folded, search

SONGS = {
    "Déjà Vu": ("Beyoncé", "track01.mp3"),
    "Straße nach Süden": (None, "demo-FINAL.wav"),
    "\uff21\uff22\uff23": ("The Jacksons", "abc.flac"),
    "Ночь": ("Кино", "night.mp3"),
    "100 % (live)": ("Band & Co.", "hundred.mp3"),
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("deja", {"Déjà Vu"}),
        ("BEYONCE vu", {"Déjà Vu"}),
        ("beyonce\u0301", {"Déjà Vu"}),
        ("track", {"Déjà Vu"}),
        ("strasse", {"Straße nach Süden"}),
        ("final sud", {"Straße nach Süden"}),
        ("abc", {"\uff21\uff22\uff23"}),
        ("НОЧЬ", {"Ночь"}),
        ("%", {"100 % (live)"}),
        ("(live) &", {"100 % (live)"}),
        ("vu live", set()),
        ("none of these", set()),
        ("", set(SONGS)),
        ("  \t ", set(SONGS)),
        ("\u0301", set(SONGS)),
        (None, set(SONGS)),
    ],
)
def test_all_words_are_in_the_title_the_artist_or_the_files_name(text: str | None, found: set[str]) -> None:
    finds = search(text)

    assert {title for title, (artist, name) in SONGS.items() if finds(folded(title, artist, name))} == found


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    with a_cloud() as jobs, served(jobs) as web:
        for title, (artist, name) in SONGS.items():
            jobs.upload(title.encode(), title=title, artist=artist, file_name=name)
        web.front.look_again()
        yield web


def titles(web: Served, **query: str | int) -> list[str]:
    return [song["title"] for song in web.client.get("/v1/songs", params=query).json()["songs"]]


def test_what_is_found_comes_a_page_at_a_time_and_in_a_state(web: Served) -> None:
    assert titles(web, q="mp3") == ["100 % (live)", "Ночь", "Déjà Vu"]
    assert titles(web, q="mp3", state="queued") == titles(web, q="mp3")
    assert titles(web, q="mp3", state="done") == []
    first = web.client.get("/v1/songs", params={"q": "mp3", "limit": 2}).json()
    second = web.client.get("/v1/songs", params={"q": "mp3", "limit": 2, "after": first["next"]}).json()
    assert [len(page["songs"]) for page in (first, second)] == [2, 1]
    assert second["next"] is None


def test_a_text_that_nobody_remembers_is_refused(web: Served) -> None:
    answer = web.client.get("/v1/songs", params={"q": "x" * 201})

    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "query.q")


def test_one_finds_a_song_by_ones_own_name_of_it(jobs: Jobs, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    ada, bob = ({"Authorization": f"Bearer {add(file, name)}"} for name in ("ada", "bob"))
    names = {"ada": {"file_name": "a.mp3", "title": "Hers"}, "bob": {"file_name": "b.mp3", "title": "His"}}
    jobs.upload(title="Hers", file_name="a.mp3", owners=("ada", "bob"), names=names)
    with served(jobs, tokens_file=str(file)) as web:
        found = {
            (who, text): len(web.client.get("/v1/songs", params={"q": text}, headers=headers).json()["songs"])
            for who, headers in (("ada", ada), ("bob", bob))
            for text in ("hers", "his")
        }

    assert found == {("ada", "hers"): 1, ("ada", "his"): 0, ("bob", "hers"): 0, ("bob", "his"): 1}
