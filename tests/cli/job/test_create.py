from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from klio_cli.version import klio_version
from klio_core.config import load
from klio_core.config.json_schema import schema_text

STREAMING = """\
Created hello, a streaming job:

  {dir}/
  ├── .dockerignore
  ├── .gitignore
  ├── .klio-job.schema.json
  ├── Dockerfile
  ├── README.md
  ├── job-requirements.txt
  ├── klio-job.yaml
  ├── run.py
  ├── test_transforms.py
  └── transforms.py

Next:

  cd {dir}
  klio job test
  klio job run --local
"""


def tree(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


def test_a_streaming_job_is_made_and_the_next_steps_are_shown(klio, tmp_path: Path):
    target = tmp_path / "hello"

    screen = klio("job", "create", "hello", "--output", target)

    assert (screen.status, screen.out, screen.err) == (0, STREAMING.format(dir=target), "")
    assert tree(tmp_path / "hello") == [
        ".dockerignore", ".gitignore", ".klio-job.schema.json", "Dockerfile", "README.md", "job-requirements.txt",
        "klio-job.yaml", "run.py", "test_transforms.py", "transforms.py",
    ]  # fmt: skip
    assert tree(tmp_path)[0] == "hello"  # nothing beside it


def test_a_streaming_job_file_says_where_all_comes_from_and_goes_to(klio, tmp_path: Path):
    klio("job", "create", "hello", "--gcp-project", "my-project", "--output", tmp_path / "j")

    config = load(tmp_path / "j" / "klio-job.yaml")

    assert (config.job_name, config.pipeline_options.project) == ("hello", "my-project")
    assert config.pipeline_options.streaming is True
    (events_in,), (events_out,) = config.job_config.events.inputs, config.job_config.events.outputs
    assert events_in.topic == "projects/my-project/topics/hello-input"
    assert events_in.subscription == "projects/my-project/subscriptions/hello-input"
    assert events_out.topic == "projects/my-project/topics/hello-output"
    (data_out,) = config.job_config.data.outputs
    assert (data_out.location, data_out.file_suffix) == ("gs://my-project-output/hello", ".txt")


def test_a_batch_job_reads_and_writes_files(klio, tmp_path: Path):
    screen = klio("job", "create", "hello", "--job-type", "batch", "--output", tmp_path / "j")
    config = load(tmp_path / "j" / "klio-job.yaml")

    assert screen.out.startswith("Created hello, a batch job:\n")
    assert (config.pipeline_options.streaming, config.pipeline_options.runner) == (False, "DirectRunner")
    assert config.job_config.events.inputs[0].file_pattern == "input_elements.txt"
    assert (tmp_path / "j" / "input_elements.txt").read_text() == "one\ntwo\nthree\n"
    assert config.job_config.data.outputs[0].type == "file"


@pytest.mark.parametrize("job_type", ["streaming", "batch"])
def test_a_new_job_passes_its_own_verification(klio, tmp_path: Path, job_type: str):
    klio("job", "create", "hello", "--job-type", job_type, "--output", tmp_path / "j")

    screen = klio("job", "verify", "--offline", "-j", tmp_path / "j")

    assert screen.status == 0, screen.out
    assert "\n6 checks, 0 failed\n" in screen.out


def test_the_image_is_built_for_the_klio_and_the_beam_that_made_it(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "j")

    assert f"klio[exec]=={klio_version()}\n" in (tmp_path / "j" / "job-requirements.txt").read_text()
    assert (tmp_path / "j" / "Dockerfile").read_text().splitlines()[0].endswith(f":{metadata.version('apache-beam')}")


def test_nothing_is_overwritten(klio, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")

    screen = klio("job", "create", "hello", "--output", tmp_path / "mine")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        f"Error: there is something already\n  at: {tmp_path}/mine\n  to do: choose another --output\n"
    )
    assert tree(tmp_path) == ["mine", "mine/thesis.txt"]


def test_an_empty_directory_is_filled(klio, tmp_path: Path):
    (tmp_path / "j").mkdir()
    inode = (tmp_path / "j").stat().st_ino

    assert klio("job", "create", "hello", "--output", tmp_path / "j").status == 0
    assert (tmp_path / "j").stat().st_ino == inode
    assert len(tree(tmp_path / "j")) == 10


def test_a_failure_leaves_nothing_behind(klio, tmp_path: Path):
    screen = klio("job", "create", "hello", "--output", tmp_path / "nowhere" / "j")

    assert screen.status == 2
    assert screen.err == (
        f"Error: the job's directory cannot be written\n  at: {tmp_path}/nowhere/j\n  got: No such file or directory\n"
    )
    assert tree(tmp_path) == []


@pytest.mark.parametrize("name", ["Hello", "1st", "a_b", "a/../../b", "-a", "a-", "ä", "", "a" * 64, "a b", "a\n"])
def test_a_bad_name_is_refused(klio, tmp_path: Path, name: str):
    screen = klio("job", "create", "--output", tmp_path / "j", "--", name)

    assert screen.status == 2
    assert screen.err == (
        "Error: not a name for a job\n"
        "  expected: a-z, 0-9 and hyphens, a letter first, no hyphen last, at most 63 characters\n"
        f"  got: {name!r}\n"
    )
    assert tree(tmp_path) == []


@pytest.mark.parametrize("project", ["short", "Has-Capitals", "a: b # yaml", "x" * 31, "ends-with-", "../../etc"])
def test_a_bad_project_is_refused(klio, tmp_path: Path, project: str):
    screen = klio("job", "create", "hello", "--gcp-project", project, "--output", tmp_path / "j")

    assert screen.status == 2
    assert screen.err == (
        "Error: not the name of a Google Cloud project\n"
        "  expected: 6 to 30 of a-z, 0-9 and hyphens, a letter first, no hyphen last\n"
        f"  got: {project!r}\n"
    )
    assert tree(tmp_path) == []


def test_an_unknown_job_type_names_the_known_ones(klio):
    screen = klio("job", "create", "hello", "--job-type", "btach")

    assert screen.status == 2
    assert screen.err.splitlines()[-1] == (
        "Error: Invalid value for '--job-type': 'btach' is not one of 'streaming', 'batch'."
    )


@pytest.mark.parametrize("job_type", ["streaming", "batch"])
def test_a_new_job_file_names_the_schema_beside_it_for_editors(klio, tmp_path: Path, job_type: str):
    klio("job", "create", "hello", "--job-type", job_type, "--output", tmp_path / "j")

    first = (tmp_path / "j" / "klio-job.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=.klio-job.schema.json"
    assert (tmp_path / "j" / ".klio-job.schema.json").read_text() == schema_text()
