from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from klio_cli.places import Mount, Places
from klio_core.config import KlioConfig, build
from klio_core.config.dump import dump
from klio_core.config.load import parse
from klio_core.errors import UsageError

TOPIC = {"type": "pubsub", "topic": "projects/klio-local/topics/studio"}
LETTERS = {"type": "pubsub", "topic": "projects/klio-local/topics/dead-letters"}


def config(data: dict[str, Any] | None = None, *, streaming: bool = True, **events: Any) -> KlioConfig:
    job = {"events": {"inputs": [TOPIC], **events}, "data": data or {}}
    return build({"job_name": "hello", "pipeline_options": {"streaming": streaming}, "job_config": job})


def test_services_are_no_places_and_dead_letters_always_have_one(tmp_path: Path):
    places = Places(config({"outputs": [{"type": "gcs", "location": "gs://b/out"}]}, outputs=[LETTERS]), tmp_path)

    assert places.mounts() == [Mount(tmp_path / ".klio/dead-letters", f"{tmp_path}/.klio/dead-letters", writable=True)]
    assert places.config.job_config.events.dead_letters.location == f"{tmp_path}/.klio/dead-letters"
    assert places.config.job_config.data.outputs[0].location == "gs://b/out"


def test_what_is_read_is_mounted_read_only_and_what_is_written_is_not(tmp_path: Path):
    tracks = tmp_path / "tracks"
    tracks.mkdir()
    data = {"inputs": [{"type": "file", "location": str(tracks)}], "outputs": [{"type": "file", "location": "mixes"}]}
    job = tmp_path / "job"
    places = Places(config(data, dead_letters={"type": "directory", "location": "gs://b/dead"}), job)

    assert places.mounts() == [Mount(job / "mixes", f"{job}/mixes", writable=True), Mount(tracks, str(tracks))]
    assert places.results() == ["mixes"]
    places.make()
    assert (job / "mixes").is_dir()


def test_files_are_reached_by_the_directory_that_holds_them(tmp_path: Path):
    (tmp_path / "in").mkdir()
    events = {
        "inputs": [{"type": "file", "location": "in/*.txt"}, {"type": "avro", "location": "in", "file_pattern": "a*"}],
        "outputs": [{"type": "file", "location": "out/elements"}],
        "dead_letters": {"type": "file", "location": "out/dead.jsonl"},
    }
    places = Places(config(streaming=False, **events), tmp_path)

    assert places.mounts() == [
        Mount(tmp_path / "in", f"{tmp_path}/in"),
        Mount(tmp_path / "out", f"{tmp_path}/out", writable=True),
    ]
    assert places.config.job_config.events.inputs[0].file_pattern == f"{tmp_path}/in/*.txt"
    assert places.config.job_config.events.inputs[1].location == f"{tmp_path}/in"
    assert sorted(places.results()) == ["out/dead.jsonl*", "out/elements*"]


def test_a_directory_inside_a_mounted_one_needs_no_mount_of_its_own(tmp_path: Path):
    data = {"inputs": [{"type": "file", "location": "all/in"}], "outputs": [{"type": "file", "location": "all"}]}
    (tmp_path / "all" / "in").mkdir(parents=True)
    places = Places(config(data, dead_letters=LETTERS), tmp_path)

    assert places.mounts() == [Mount(tmp_path / "all", f"{tmp_path}/all", writable=True)]


def test_a_directory_to_write_to_inside_one_that_is_only_read_has_its_own(tmp_path: Path):
    data = {"inputs": [{"type": "file", "location": "all"}], "outputs": [{"type": "file", "location": "all/out"}]}
    (tmp_path / "all").mkdir()
    places = Places(config(data, dead_letters=LETTERS), tmp_path)

    assert [(mount.source.name, mount.writable) for mount in places.mounts()] == [("all", False), ("out", True)]


def test_a_directory_to_read_from_that_is_not_there_is_said(tmp_path: Path):
    places = Places(config({"inputs": [{"type": "file", "location": "tracks"}]}), tmp_path)

    with pytest.raises(UsageError, match="there is no such directory to read from") as caught:
        places.mounts()
    assert caught.value.where == f"{tmp_path}/tracks"


def test_the_job_file_with_whole_paths_loads_again(tmp_path: Path):
    places = Places(config({"outputs": [{"type": "file", "location": "mixes"}]}), tmp_path)

    assert parse(dump(places.config)).job_config.data == places.config.job_config.data
