"""What can be chosen, and where everything lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from klio_core.config import InvalidConfig
from klio_core.errors import ConfigError
from tests.separator.web.kit import JOBS
from web.places import Places, Stem, mix_name
from web.settings import FILE, PREFIX, Settings, read

SONG = "ab" * 32


def test_the_file_beside_the_code_holds_and_says_what_is_the_default():
    assert read(environment={}) == Settings.model_validate(yaml.safe_load(FILE.read_text()))
    assert read(environment={}).jobs_dir == JOBS


def test_the_environment_comes_before_the_file_and_an_option_before_both():
    said = {f"{PREFIX}MAX_UPLOAD_MB": "7", f"{PREFIX}PORT": "99", "PORT": "3"}
    settings = read(environment=said, overrides=["port=100", "signed_urls=true"])

    assert (settings.max_upload_mb, settings.port, settings.signed_urls) == (7, 100, True)
    assert settings.max_upload_bytes == 7_000_000


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path):
    file = tmp_path / "web.yaml"
    file.write_text("hots: localhost\nport: eighty\nmax_upload_mb: 0\n")
    with pytest.raises(InvalidConfig) as caught:
        read(file, environment={})

    said = str(caught.value)
    assert f"{file}:1" in said
    assert "did you mean host" in said
    assert f"{file}:2" in said
    assert "max_upload_mb" in said


@pytest.mark.parametrize(("name", "value"), [("PROT", "8080"), ("PORT", "-1"), ("SIGNED_URLS", "maybe")])
def test_a_variable_that_says_nothing_of_ours_is_refused(name: str, value: str):
    with pytest.raises(InvalidConfig) as caught:
        read(environment={f"{PREFIX}{name}": value})

    assert name.lower() in str(caught.value)


def test_paths_are_those_of_the_job_files():
    places = Places.of(JOBS)
    bucket = "gs://klio-local-separator"

    assert places.original(SONG) == f"{bucket}/queue/{SONG}"
    assert places.song_file(SONG) == f"{bucket}/songs/{SONG}.json"
    assert places.stem(SONG, Stem.VOCALS) == f"{bucket}/stems/{SONG}-vocals.mp3"
    assert places.peaks(SONG) == f"{bucket}/stems/{SONG}-peaks.json"
    assert places.mix_of(SONG, "bass+drums") == f"{bucket}/mixes/{SONG}-mix-bass-drums.mp3"
    assert places.callback_of(SONG) == f"{bucket}/callbacks/{SONG}.json"
    assert places.status_topic == "projects/klio-local/topics/separator-status"
    assert places.max_duration_s == 1200


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"outputs": []}, "outputs"),
        ({"status": False}, "events.status"),
        ({"dead_letters": {"type": "file", "location": "letters"}}, "events.dead_letters"),
    ],
)
def test_a_job_file_that_does_not_say_what_the_front_needs_is_refused(tmp_path: Path, change: dict, says: str):
    for job in ("separate", "mix"):
        (tmp_path / job).mkdir()
        shutil.copy(JOBS / job / "klio-job.yaml", tmp_path / job)
    file = tmp_path / "separate" / "klio-job.yaml"
    said = yaml.safe_load(file.read_text())
    job = said["job_config"]
    job["data" if "outputs" in change else "events"].update(change)
    file.write_text(yaml.safe_dump(said))

    with pytest.raises(ConfigError) as caught:
        Places.of(tmp_path)
    assert says in (caught.value.where or "")
    assert caught.value.todo


def test_a_job_that_mixes_says_where_it_reads_what_people_wish_for(tmp_path: Path):
    for job in ("separate", "mix"):
        (tmp_path / job).mkdir()
        shutil.copy(JOBS / job / "klio-job.yaml", tmp_path / job)
    file = tmp_path / "mix" / "klio-job.yaml"
    file.write_text(file.read_text().replace("name: wishes", "name: songs"))

    with pytest.raises(ConfigError) as caught:
        Places.of(tmp_path)
    assert (caught.value.where, "name wishes" in (caught.value.expected or "")) == (
        "job mix: job_config.data.inputs",
        True,
    )


@pytest.mark.parametrize(
    ("text", "name"), [("bass+drums", "bass+drums"), ("drums+bass", "bass+drums"), ("vocals", "vocals")]
)
def test_a_mix_has_one_name(text: str, name: str):
    assert mix_name(text) == name


@pytest.mark.parametrize("text", ["", "violin", "bass+", "bass+bass", "../bass", "bass-drums", "Bass", "bass drums"])
def test_what_names_no_stems_is_no_mix(text: str):
    with pytest.raises(ValueError, match="a mix is some of"):
        mix_name(text)
