"""The document of the interface says everything, and the interface does as its document says.

schemathesis asks a real front, with what the document allows and with what it does not: examples, the edges of every
value, values at random, and one operation after another by their links.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.separator.web.kit import Jobs, Served, served
from web.contract.examples import HASH
from web.guard import tokens
from web.problems import MEDIA_TYPE

ROOT = Path(__file__).parents[3]
METHODS = {"get", "post", "put", "patch", "delete"}
SONGS = [b"a song", *(b"song %d" % number for number in range(5))]
CONFIG = """
continue-on-failure = true
request-timeout = 5  # a stream of events is read for so long, or until it has told one
max-stream-events = 1
color = false

[generation]
deterministic = true
database = "none"

[auth.openapi.token]
bearer = "{token}"

[cache]
enabled = false

[output.sanitization]
enabled = false

[dictionaries.songs]
values = {songs}

[parameters]
"path.song" = {{ dictionary = "songs", probability = 0.6 }}
"""


@pytest.fixture(scope="module")
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The document of a front that nobody has started: it is made with the app."""
    from web.app import make
    from web.front import Front
    from web.settings import Settings

    return make(Front(Settings())).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield f"{method} {path}", operation


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for name in node.get("$ref", "").split("/")[1:]:
        document = document[name]
    return document if "$ref" in node else node


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_tag_that_is_described(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    described = [tag["name"] for tag in document["tags"]]

    assert len(set(names)) == len(names)
    assert [name for name in names if not name.isidentifier() or "__" in name] == []
    assert [name for name, operation in operations(document) if not operation["description"]] == []
    assert {tag for _, operation in operations(document) for tag in operation["tags"]} == set(described)


def test_everything_that_goes_in_or_comes_out_as_text_has_an_example(document: dict[str, Any]) -> None:
    without = []
    for name, operation in operations(document):
        parts = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
        for where, body in {"body": operation.get("requestBody", {}), **operation["responses"]}.items():
            content = resolved(document, body).get("content", {})
            parts |= {f"{where} {kind}": media for kind, media in content.items() if is_text(kind)}
        without += [f"{name}: {part}" for part, said in parts.items() if not {"example", "examples"} & set(said)]

    assert without == []


def is_text(kind: str) -> bool:
    return kind.endswith("json") or kind.startswith("text/")


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        refused = {status: resolved(document, said) for status, said in operation["responses"].items() if status >= "4"}
        assert refused, name
        for status, said in refused.items():
            assert list(said["content"]) == [MEDIA_TYPE], f"{name} {status}"
            assert said["content"][MEDIA_TYPE]["example"]["status"] == int(status)


def test_who_may_ask_is_said_of_every_operation_that_is_not_open_to_all(document: dict[str, Any]) -> None:
    closed = {name for name, operation in operations(document) if "401" in operation["responses"]}
    secured = {name for name, operation in operations(document) if operation.get("security")}

    assert secured == closed - {"post /v1/session"}
    assert {"get /v1/songs", "post /v1/songs", "get /apiv1/queue", "get /music"} < secured
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}


@pytest.fixture
def asked(jobs: Jobs, tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    """A front that wants tokens, with songs of its one user, and the configuration by which schemathesis is that."""
    file = tmp_path / "tokens.json"
    token = tokens.add(file, "ada")
    songs = [jobs.upload(content, owners=("ada",)) for content in SONGS]
    for song in songs:
        jobs.make_stems(song)
        jobs.make_mix(song, "bass+drums")
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(token=token, songs=songs))
    with served(jobs, tokens_file=str(file), uploads_per_minute=0, requests_per_minute=0, heartbeat_s=1.0) as web:
        yield web, config
    assert HASH in songs


def schemathesis(web: Served, config: Path, *options: str) -> None:
    """Ask everything; what schemathesis has to complain of is the failure."""
    hooks = {"SCHEMATHESIS_HOOKS": "tests.separator.web.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run"]
    done = subprocess.run(
        [*program, f"{web.url}/openapi.json", "--warnings", "off", *options],
        env=os.environ | hooks,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr


def test_the_front_does_as_its_document_says(asked: tuple[Served, Path]) -> None:
    schemathesis(*asked, "--max-examples", "3", "--phases", "examples,coverage,stateful")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_front_does_as_its_document_says_with_anything_that_chance_makes(asked: tuple[Served, Path]) -> None:
    schemathesis(*asked, "--max-examples", "60", "--phases", "fuzzing,stateful")
