"""The questions of `klio job create`: on a terminal, and only for what was not given."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from klio_cli.app import main
from klio_cli.terminal import Terminal
from klio_core.config import load

QUESTIONS = """\
Template: streaming, batch, automixer, separator, kubernetes [streaming]: \
Google Cloud project [klio-local]: \
The topic that elements come from [projects/klio-local/topics/hello-input]: \
The topic that elements go on to [projects/klio-local/topics/hello-output]: \
Where files are written: gs://… or a directory [gs://klio-local-output/hello]: \
"""


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def asked(replies: str, *argv: object) -> tuple[int, str, str]:
    """What somebody sees who types these replies."""
    out, err = Tty(), Tty()
    status = main(["job", "create", *map(str, argv)], Terminal(Tty(replies), out, err, environ={"NO_COLOR": "1"}))
    return status, out.getvalue(), err.getvalue()


def test_whoever_replies_nothing_gets_the_usual_job(klio, tmp_path: Path):
    status, out, err = asked("\n" * 5, "hello", "--output", tmp_path / "asked")
    klio("job", "create", "hello", "--output", tmp_path / "scripted")

    assert (status, err) == (0, QUESTIONS)
    assert out.startswith("Created hello, a streaming job:\n")
    for file in (tmp_path / "scripted").iterdir():
        assert (tmp_path / "asked" / file.name).read_text() == file.read_text()


def test_with_use_defaults_nothing_is_asked(tmp_path: Path):
    status, _, err = asked("", "hello", "--use-defaults", "--output", tmp_path / "j")

    assert (status, err) == (0, "")


def test_later_questions_know_the_replies_to_earlier_ones(tmp_path: Path):
    replies = "song\nstreaming\nstudio-eu\nprojects/studio-eu/topics/cuts\n\nmade here\n"
    status, _, err = asked(replies, "--output", tmp_path / "j")
    config = load(tmp_path / "j" / "klio-job.yaml")

    assert status == 0
    assert err.startswith("Name of the job: Template")
    assert "go on to [projects/studio-eu/topics/song-output]: " in err
    (events_in,), (data_out,) = config.job_config.events.inputs, config.job_config.data.outputs
    assert events_in.topic == "projects/studio-eu/topics/cuts"
    assert events_in.subscription == "projects/studio-eu/subscriptions/cuts-song"
    assert (data_out.type, data_out.location) == ("file", "made here")
    assert "`made here/ELEMENT.txt`" in (tmp_path / "j" / "README.md").read_text()


def test_what_was_given_is_not_asked(tmp_path: Path):
    given = ("--template=batch", "--gcp-project", "studio-eu", "--batch-event-input=songs.txt")

    status, _, err = asked("\n\n", "hello", *given, "--output", tmp_path / "j")

    assert status == 0
    assert err == (
        "The files that list the elements that a batch job has done [output_elements]: "
        "Where a batch job writes files: a directory or gs://… [output]: "
    )
    assert (tmp_path / "j" / "songs.txt").read_text() == "one\ntwo\nthree\n"


def test_a_job_for_dataflow_is_asked_for_what_dataflow_wants(tmp_path: Path):
    _, _, err = asked("\n" * 3 + "us-east1\n" + "\n" * 4, "hello", "--template", "streaming", "--gcp-project",
                      "studio-eu", "--runner", "DataflowRunner", "--output", tmp_path / "j")  # fmt: skip
    options = load(tmp_path / "j" / "klio-job.yaml").pipeline_options

    assert "Where temporary files are: gs://… [gs://studio-eu-dataflow-tmp/hello/temp]: " in err
    assert (options.runner, options.region, options.machine_type) == ("DataflowRunner", "us-east1", "n1-standard-2")
    assert options.staging_location == "gs://studio-eu-dataflow-tmp/hello/staging"


def test_a_reply_that_is_no_use_is_asked_for_again(tmp_path: Path):
    replies = "No Name\nhello\nstreming\n\nx\n\na topic\n\n\n\n"
    status, _, err = asked(replies, "--output", tmp_path / "j")

    assert status == 0
    assert err == (
        "Name of the job: Error: not a name for a job\n"
        "  expected: a-z, 0-9 and hyphens, a letter first, no hyphen last, at most 63 characters\n"
        "  got: 'No Name'\n"
        "Name of the job: "
        "Template: streaming, batch, automixer, separator, kubernetes [streaming]: Error: no such template\n"
        "  expected: streaming, batch, automixer, separator, kubernetes\n"
        "  got: 'streming'\n"
        "Template: streaming, batch, automixer, separator, kubernetes [streaming]: "
        "Google Cloud project [klio-local]: Error: not the name of a Google Cloud project\n"
        "  expected: 6 to 30 of a-z, 0-9 and hyphens, a letter first, no hyphen last\n"
        "  got: 'x'\n"
        "Google Cloud project [klio-local]: "
        "The topic that elements come from [projects/klio-local/topics/hello-input]: Error: not a well-formed name\n"
        "  at: --input-topic (job_config.events.inputs[0].topic)\n"
        "  expected: projects/PROJECT/topics/NAME, the name of 3 to 255 characters, a letter first\n"
        "  got: 'a topic'\n"
        "The topic that elements come from [projects/klio-local/topics/hello-input]: "
        "The topic that elements go on to [projects/klio-local/topics/hello-output]: "
        "Where files are written: gs://… or a directory [gs://klio-local-output/hello]: "
    )


def test_what_is_in_the_way_is_told_before_anything_is_asked(tmp_path: Path):
    (tmp_path / "thesis.txt").touch()

    status, out, err = asked("\n" * 9, "hello", "--output", tmp_path)

    assert (status, out) == (2, "")
    assert err == f"Error: there is something already\n  at: {tmp_path}\n  to do: choose another --output\n"


def test_whoever_ends_the_input_gets_nothing(tmp_path: Path):
    status, out, err = asked("\n", "hello", "--output", tmp_path / "j")

    assert (status, out) == (130, "")
    assert err.endswith("Google Cloud project [klio-local]: \n")
    assert list(tmp_path.iterdir()) == []


def test_topics_and_buckets_are_made_after_a_yes(
    tmp_path: Path, pubsub_host: str, objects_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_host)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", objects_url)
    options = ("--use-defaults", "--create-resources", "--gcp-project", "made-by-create", "--output", tmp_path / "j")

    status, out, err = asked("y\n", "song", *options)

    assert status == 0, out
    assert "Next:\n\n  cd " in out
    assert "To be made:\n  topic projects/made-by-create/topics/song-input\n" in out
    assert "✓ bucket gs://made-by-create-output, data output\n" in out
    assert err.startswith("Make these 4? [y/N] made topic projects/made-by-create/topics/song-input\n")


def test_where_nothing_is_asked_a_name_is_needed(klio):
    screen = klio("job", "create")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == "Error: a new job needs a name\n  to do: klio job create NAME\n"
    assert asked("hello\n", "--use-defaults") == (2, "", screen.err)


@pytest.mark.slow
def test_on_a_real_terminal_the_questions_come_before_the_tree(tmp_path: Path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "klio_cli.app", "job", "create", "hello", "--template", "automixer"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE) as process:
        os.close(theirs)
        os.write(ours, b"studio-eu\n")
        out, _ = process.communicate(timeout=60)
    shown = os.read(ours, 4096).decode()

    assert process.returncode == 0, shown
    assert "Google Cloud project [klio-local]: " in shown
    assert out.decode().startswith("Created hello, a streaming job:\n\n  hello/\n")
    assert "gs://studio-eu-hello/tracks" in (tmp_path / "hello" / "klio-job.yaml").read_text()
