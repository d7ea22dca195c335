"""Who may come in, what they see, and who only pretends to be the page."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from klio_core.errors import ConfigError, UsageError
from tests.separator.web.kit import JOBS, Served, a_cloud, served
from tests.separator.web.sounds import song
from web import token
from web.guard.tokens import ANYBODY, Tokens, Who, add, token_in

MP3 = song("song.mp3")


@dataclass(frozen=True)
class Guarded:
    """A front that asks for tokens, and some tokens."""

    web: Served
    ada: dict[str, str]
    bob: dict[str, str]
    root: dict[str, str]

    def upload(self, headers: dict[str, str], content: bytes) -> str:
        return str(self.send(headers, content)["hash"])

    def send(self, headers: dict[str, str], content: bytes, name: str = "a.mp3") -> dict[str, Any]:
        answer = self.web.client.post("/v1/songs", files={"file": (name, content)}, headers=headers)
        assert answer.status_code in (200, 202), answer.text
        found: dict[str, Any] = answer.json()["songs"][0]
        return found

    def names(self, headers: dict[str, str], song: str) -> set[tuple[str, str]]:
        """What a song is called for somebody, wherever it is shown."""
        client = self.web.client
        listed = client.get("/v1/songs", headers=headers).json()["songs"]
        with client.stream("GET", f"/v1/songs/{song}/events", headers=headers) as answer:
            told = json.loads(next(until(answer.iter_lines(), song)))
        one = client.get(f"/v1/songs/{song}", headers=headers).json()
        return {(each["file_name"], each["title"]) for each in (one, told, *listed) if each["hash"] == song}

    def downloads(self, headers: dict[str, str], song: str) -> set[str]:
        """What files of a song are called for somebody who downloads them."""
        paths = ("stems/vocals", "stems.zip", "original", "mixes/bass+drums")
        answers = [self.web.client.get(f"/v1/songs/{song}/{path}", headers=headers) for path in paths]
        assert {answer.status_code for answer in answers} == {200}
        with zipfile.ZipFile(io.BytesIO(answers[1].content)) as archive:
            inside = archive.namelist()
        said = [answer.headers["content-disposition"].partition("=")[2] for answer in answers]
        return {name.strip('"').partition(" - ")[0] for name in (*said, *inside)}

    def sees(self, headers: dict[str, str]) -> set[str]:
        return {one["hash"] for one in self.web.client.get("/v1/songs", headers=headers).json()["songs"]}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    file = tmp_path_factory.mktemp("tokens") / "tokens.json"
    said = [bearer(add(file, name, admin=name == "root")) for name in ("ada", "bob", "root")]
    with a_cloud() as jobs, served(jobs, tokens_file=str(file), trusted_proxies=["127.0.0.0/8"]) as web:
        yield Guarded(web, *said)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:klio:separator:")


def test_a_token_is_shown_once_and_kept_as_its_hash_where_nobody_else_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    first, second = add(file, "ada"), add(file, "bob@example.org", admin=True)

    assert len(first) >= 43
    assert first not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    tokens = Tokens(file)
    assert tokens.of(first) == Who("ada")
    assert tokens.of(second) == Who("bob@example.org", admin=True)
    assert [tokens.of(wrong) for wrong in ("", None, first[:-1], first + "x", "ä", "\udcff")] == [None] * 6


def test_without_a_file_everybody_may_do_everything() -> None:
    assert Tokens(None).of(None) == ANYBODY


def test_a_name_has_one_token_and_is_a_plain_one(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    add(file, "ada")

    with pytest.raises(UsageError, match="this name has a token"):
        add(file, "ada")
    with pytest.raises(UsageError, match="no name for a token"):
        add(file, "../ada\n")


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"ada": {}}', '{"ada": {"sha256": "abc"}}', '{"ada": {"sha256": "' + "a" * 64 + '", "x": 1}}'],
)
def test_a_file_that_is_none_stops_the_front_before_it_starts(content: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(content)

    with pytest.raises(ConfigError, match="the file of tokens is none"):
        Tokens(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        Tokens(tmp_path / "missing.json")


def test_tokens_come_and_go_while_the_front_is_up(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    first = add(file, "ada")
    tokens = Tokens(file)

    second = add(file, "bob")
    assert tokens.of(second) == Who("bob")
    kept = json.loads(file.read_text())
    del kept["ada"]
    file.write_text(json.dumps(kept))
    assert tokens.of(first) is None
    file.write_text("{")
    assert tokens.of(second) == Who("bob")  # as long as the file is broken


def test_the_header_comes_before_the_cookie() -> None:
    cookies = {"separator-session": "c"}

    assert token_in({"authorization": "bearer  t "}, cookies) == "t"
    assert token_in({"authorization": "Basic dTpw"}, cookies) == ""
    assert token_in({}, cookies) == "c"
    assert token_in({}, {}) is None


def test_the_command_makes_a_token_and_says_where_it_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tokens.json"

    assert token.main(["ada", "--file", str(file), "--admin"]) == 0
    made, said = capsys.readouterr()
    assert Tokens(file).of(made.strip()) == Who("ada", admin=True)
    assert f"tokens_file={file}" in said

    assert token.main(["ada", "--file", str(file)]) == 2
    assert "this name has a token" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_is_started_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "web.token", "ada", "--file", str(tmp_path / "tokens.json")]

    made = subprocess.run(command, cwd=JOBS, check=True, capture_output=True, text=True).stdout

    assert Tokens(tmp_path / "tokens.json").of(made.strip()) == Who("ada")


@pytest.mark.parametrize(
    "path", ["/v1/songs", "/v1/events", f"/v1/songs/{64 * '0'}", "/apiv1/queue/", "/music", "/metrics", "/nothing"]
)
def test_who_has_no_token_learns_nothing(guarded: Guarded, path: str) -> None:
    for headers in ({}, bearer("wrong"), {"Authorization": "Basic dTpw"}, {"Cookie": "separator-session=wrong"}):
        answer = guarded.web.client.get(path, headers=headers)
        assert problem(answer) == (401, "no-token")
        assert answer.headers["www-authenticate"] == 'Bearer realm="separator"'


def test_prometheus_reads_what_is_counted_with_any_token_and_no_name_of_a_song(guarded: Guarded) -> None:
    hers = guarded.upload(guarded.ada, MP3 + b"counted")

    answer = guarded.web.client.get("/metrics", headers=guarded.bob)

    assert 'separator_songs{state="queued"}' in answer.text
    assert hers not in answer.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/openapi.json", "/v1/session"])
def test_the_page_and_what_machines_ask_needs_none(guarded: Guarded, path: str) -> None:
    assert guarded.web.client.get(path).status_code == 200


def test_an_upload_without_a_token_is_refused_before_it_is_read(guarded: Guarded) -> None:
    answer = guarded.web.client.post("/v1/songs", files={"file": ("a.mp3", MP3 * 100)})

    assert problem(answer) == (401, "no-token")


def test_one_sees_and_deletes_what_came_with_ones_own_token(guarded: Guarded) -> None:
    client = guarded.web.client
    hers, his = guarded.upload(guarded.ada, MP3 + b"ada"), guarded.upload(guarded.bob, MP3 + b"bob")

    assert guarded.sees(guarded.ada) & {hers, his} == {hers}
    assert guarded.sees(guarded.bob) & {hers, his} == {his}
    assert guarded.sees(guarded.root) >= {hers, his}
    paths = ("", "/original", "/stems/vocals", "/stems.zip", "/peaks", "/events", "/mixes/bass+drums")
    refused = {problem(client.get(f"/v1/songs/{hers}{path}", headers=guarded.bob)) for path in paths}
    assert refused == {(404, "no-such-song")}
    mix = client.post(f"/v1/songs/{hers}/mixes", json={"stems": ["bass"]}, headers=guarded.bob)
    assert problem(mix) == (404, "no-such-song")
    assert problem(client.delete(f"/v1/songs/{hers}", headers=guarded.bob)) == (404, "no-such-song")
    assert client.get(f"/v1/songs/{hers}/original", headers=guarded.root).status_code == 200
    assert client.delete(f"/v1/songs/{hers}", headers=guarded.ada).status_code == 204
    assert problem(client.get(f"/v1/songs/{hers}", headers=guarded.root)) == (404, "no-such-song")
    assert client.delete(f"/v1/songs/{his}", headers=guarded.root).status_code == 204


def test_a_song_that_two_have_uploaded_is_there_until_both_have_deleted_it(guarded: Guarded) -> None:
    client = guarded.web.client
    ours = guarded.upload(guarded.ada, MP3 + b"ours")
    assert guarded.upload(guarded.bob, MP3 + b"ours") == ours

    assert client.delete(f"/v1/songs/{ours}", headers=guarded.ada).status_code == 204
    assert ours not in guarded.sees(guarded.ada)
    assert client.get(f"/v1/songs/{ours}", headers=guarded.bob).status_code == 200
    assert client.delete(f"/v1/songs/{ours}", headers=guarded.bob).status_code == 204
    assert ours not in guarded.sees(guarded.root)


UNTITLED = song("song.wav")


def test_nobody_learns_what_another_one_calls_the_same_song(guarded: Guarded) -> None:
    hers = guarded.send(guarded.ada, UNTITLED, "Secret of Ada.wav")
    his = guarded.send(guarded.bob, UNTITLED, "Bobs.wav")
    song = his["hash"]
    assert hers["hash"] == song
    guarded.web.jobs.make_stems(song)
    guarded.web.jobs.make_mix(song, "bass+drums")
    guarded.web.front.asking.look_at(song)

    assert (his["file_name"], his["title"]) == ("Bobs.wav", "Bobs")
    assert guarded.names(guarded.ada, song) == {("Secret of Ada.wav", "Secret of Ada")}
    assert guarded.names(guarded.bob, song) == {("Bobs.wav", "Bobs")}
    assert guarded.downloads(guarded.ada, song) == {"Secret of Ada", "Secret of Ada.wav"}
    assert guarded.downloads(guarded.bob, song) == {"Bobs", "Bobs.wav"}
    assert guarded.web.client.get("/music", headers=guarded.bob).json()[0]["name"] == "Bobs"
    assert guarded.names(guarded.root, song) == {("Secret of Ada.wav", "Secret of Ada")}  # the first one's

    again = guarded.send(guarded.bob, UNTITLED, "Another.wav")
    assert again["file_name"] == "Bobs.wav"
    assert guarded.web.client.delete(f"/v1/songs/{song}", headers=guarded.ada).status_code == 204
    assert guarded.names(guarded.root, song) == {("Bobs.wav", "Bobs")}
    guarded.web.client.delete(f"/v1/songs/{song}", headers=guarded.bob)


def test_a_song_of_before_is_called_as_it_was_until_it_is_uploaded_again(guarded: Guarded) -> None:
    song = guarded.web.jobs.upload(UNTITLED, owners=("ada",), title="Old", file_name="old.wav")
    guarded.web.front.asking.look_at(song)
    assert guarded.names(guarded.ada, song) == {("old.wav", "Old")}

    guarded.send(guarded.bob, UNTITLED, "new.wav")
    assert guarded.names(guarded.bob, song) == {("new.wav", "new")}
    assert guarded.names(guarded.ada, song) == {("old.wav", "Old")}
    guarded.web.client.delete(f"/v1/songs/{song}", headers=guarded.root)


def test_events_tell_of_ones_own_songs(guarded: Guarded) -> None:
    with guarded.web.client.stream("GET", "/v1/events", headers=guarded.bob) as answer:
        lines = answer.iter_lines()
        hers = guarded.upload(guarded.ada, MP3 + b"not for bob")
        his = guarded.upload(guarded.bob, MP3 + b"for bob")
        told = [json.loads(data) for data in until(lines, his)]

    assert {his, hers} & {one["hash"] for one in told} == {his}


def until(lines: Iterator[str], song: str) -> Iterator[str]:
    """The data of the events, up to the first one about a song."""
    for line in lines:
        if line.startswith("data: "):
            yield line.removeprefix("data: ")
            if song in line:
                return


def test_the_page_signs_in_with_a_token_and_holds_a_cookie_that_no_script_reads(guarded: Guarded) -> None:
    with httpx.Client(base_url=guarded.web.url) as page:
        assert page.get("/v1/session").json() == {"required": True, "signed_in": False, "name": None, "admin": False}
        assert problem(page.post("/v1/session", json={"token": "wrong"})) == (401, "no-token")
        said = page.post("/v1/session", json={"token": guarded.ada["Authorization"].split()[1]})
        assert said.json() == {"required": True, "signed_in": True, "name": "ada", "admin": False}
        cookie = said.headers["set-cookie"].lower()
        assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "secure" not in cookie
        assert page.get("/v1/songs").status_code == 200
        assert page.delete("/v1/session", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204
        assert problem(page.get("/v1/songs")) == (401, "no-token")


def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(guarded: Guarded) -> None:
    token = guarded.ada["Authorization"].split()[1]

    said = guarded.web.client.post("/v1/session", json={"token": token}, headers={"X-Forwarded-Proto": "https"})
    guarded.web.client.cookies.clear()

    assert "secure" in said.headers["set-cookie"].lower()


OURS = {"Origin": "{url}"}
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "{url}"},
    {},
]


@pytest.mark.parametrize("headers", [OURS, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}], ids=str)
def test_the_page_itself_may_change_something_with_its_cookie(guarded: Guarded, headers: dict[str, str]) -> None:
    sent = {name: value.format(url=guarded.web.url) for name, value in headers.items()}
    cookie = {"Cookie": "separator-session=" + guarded.ada["Authorization"].split()[1]}

    answer = guarded.web.client.post("/v1/songs", files={"file": ("a.mp3", MP3)}, headers=sent | cookie)

    assert answer.status_code in (200, 202)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_sites_page_changes_nothing_with_that_cookie(
    guarded: Guarded, method: str, headers: dict[str, str]
) -> None:
    sent = {name: value.format(url=guarded.web.url) for name, value in headers.items()}
    cookie = {"Cookie": "separator-session=" + guarded.ada["Authorization"].split()[1]}

    answer = guarded.web.client.request(method, f"/v1/songs/{64 * '0'}", headers=sent | cookie)

    assert problem(answer) == (403, "another-site")


def test_another_sites_page_changes_nothing_where_no_tokens_are_required_either() -> None:
    with a_cloud() as jobs, served(jobs, hosts=["127.0.0.1", "stems.example"]) as web:
        files = {"file": ("a.mp3", MP3)}
        assert problem(web.client.post("/v1/songs", files=files, headers={"Origin": "https://evil.example"}))[0] == 403
        assert web.client.post("/v1/songs", files=files).status_code == 202  # a program, not a browser

        rebound = web.client.get("/v1/songs", headers={"Host": "evil.example"})
        assert problem(rebound) == (421, "wrong-host")
        assert web.client.get("/v1/songs", headers={"Host": "stems.example:8080"}).status_code == 200
        assert web.client.get("/v1/session").json()["required"] is False
        assert web.client.post("/v1/session", json={"token": "any"}).headers.get("set-cookie") is None
