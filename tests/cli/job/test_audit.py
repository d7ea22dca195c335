from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Klio

EXAMPLES = Path(__file__).parents[3] / "examples"
BAD = """
import apache_beam as beam

from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        print(data.element)
        if not data.element:
            return None
        return data
""".lstrip()

TOLD = """\
✗ transforms.py:11: Work.process() yields nothing anywhere, so this passes the message on: return None (returns-none)
    why: klio passes a message on for whatever a function returns, None too, and for nothing that a generator returns
    to do: yield what is to go on; a generator that yields nothing, and a bare `return` in it, ends the message's way
! transforms.py:9: Work.process() prints (print-in-process)
    why: it has no level, no time and no job, so it can be neither found nor turned off among a million elements
    to do: self._klio.logger.info(…) in a DoFn, logging.getLogger(…).info(…) elsewhere

11 checks, 1 error, 1 warning
"""


@pytest.fixture
def new_job(klio: Klio, tmp_path: Path) -> Path:
    assert klio("job", "create", "hello", "--output", tmp_path / "job").status == 0
    return tmp_path / "job"


def test_each_finding_says_where_why_and_what_to_do(klio: Klio, new_job: Path):
    (new_job / "transforms.py").write_text(BAD)

    screen = klio("job", "audit", "--no-tests", "-j", new_job)

    assert (screen.status, screen.out, screen.err) == (1, TOLD, "")


def test_klio_s_option_for_the_tag_of_the_image_is_taken(klio: Klio, new_job: Path):
    assert klio("job", "audit", "--no-tests", "--image-tag", "v1", "-j", new_job).status == 0


def test_warnings_alone_are_no_failure(klio: Klio, new_job: Path):
    (new_job / "transforms.py").write_text(BAD.replace("return None", "pass").replace("return data", "yield data"))

    screen = klio("job", "audit", "--no-tests", "-j", new_job)

    assert (screen.status, screen.out.splitlines()[-1]) == (0, "11 checks, 1 warning")


def test_a_program_gets_the_same_as_json(klio: Klio, new_job: Path):
    (new_job / "transforms.py").write_text(BAD)

    screen = klio("job", "audit", "--no-tests", "-j", new_job, "--format", "json")

    told = json.loads(screen.out)
    assert (screen.status, told["errors"], told["warnings"], len(told["checks"])) == (1, 1, 1, 11)
    assert [(one["check"], one["grade"], one["file"], one["line"]) for one in told["findings"]] == [
        ("returns-none", "error", "transforms.py", 11),
        ("print-in-process", "warning", "transforms.py", 9),
    ]
    assert {"what", "why", "todo"} <= set(told["findings"][0])


def test_the_job_file_and_an_override_turn_checks_off(klio: Klio, new_job: Path):
    (new_job / "transforms.py").write_text(BAD)

    screen = klio(
        "job", "audit", "--no-tests", "-j", new_job, "-O", "job_config.audit.skip=[returns-none, print-in-process]"
    )

    assert (screen.status, screen.out) == (0, "9 checks, nothing found\n")


def test_what_is_looked_for_can_be_listed_without_a_job(klio: Klio, tmp_path: Path):
    screen = klio("job", "audit", "--list", "--no-tests", "-j", tmp_path)
    listed = json.loads(klio("job", "audit", "--list", "--no-tests", "--format", "json").out)

    lines = screen.out.splitlines()
    assert lines[0].split() == ["check", "finds", "of", "looks", "for"]
    assert "print-in-process        warnings  klio  print() for each element" in lines
    assert [one["name"] for one in listed] == [line.split()[0] for line in lines[1:]]
    assert all(one["why"] and one["mend"] for one in listed)


def test_a_job_file_that_cannot_be_used_is_exit_status_2(klio: Klio, new_job: Path):
    (new_job / "klio-job.yaml").write_text("job_name: hello\njob_confg: {}\n")

    screen = klio("job", "audit", "--no-tests", "-j", new_job)

    assert (screen.status, screen.out) == (2, "")
    assert "job_confg" in screen.err


def audited(job: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process, since its child writes to our own streams."""
    command = [sys.executable, "-m", "klio_cli.app", "job", "audit", "-j", str(job), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("template", ["streaming", "batch", "kubernetes"])
def test_nothing_is_found_in_a_new_job(klio: Klio, tmp_path: Path, template: str):
    assert klio("job", "create", "hello", "--template", template, "--output", tmp_path / "job").status == 0

    done = audited(tmp_path / "job")

    assert (done.returncode, done.stdout) == (0, "17 checks, nothing found\n"), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("example", ["automixer", "spectrograms"])
def test_nothing_is_found_in_an_example(example: str):
    done = audited(EXAMPLES / example)

    assert (done.returncode, done.stdout) == (0, "17 checks, nothing found\n"), done.stderr


@pytest.mark.slow
def test_what_the_tests_show_is_told_with_what_the_files_show(new_job: Path):
    text = (
        (new_job / "transforms.py").read_text().replace("import apache_beam", "import tempfile\n\nimport apache_beam")
    )
    made = "        print(tempfile.mkdtemp())  # klio: audit-off print-in-process a tool reads it\n        yield data"
    (new_job / "transforms.py").write_text(text.replace("        yield data", made))

    both = audited(new_job, "--format", "json")
    skipping = audited(new_job, "-O", "job_config.audit.skip=[temp-files-left, temp-file-left]")

    (found,) = json.loads(both.stdout)["findings"]
    assert (both.returncode, found["check"], found["file"], found["line"]) == (
        1,
        "temp-files-left",
        "transforms.py",
        18,
    )
    assert skipping.returncode == 0
    assert skipping.stdout == (
        "! job_config.audit.skip: there is no check temp-file-left\n"
        "    to do: did you mean temp-files-left?\n"
        "\n"
        "16 checks, 1 warning\n"
    )


@pytest.mark.slow
def test_tests_that_end_the_process_are_told_with_their_status(new_job: Path):
    (new_job / "test_transforms.py").write_text("import os\n\ndef test_it():\n    os._exit(9)\n")

    done = audited(new_job)

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith(
        "Error: the job's tests ended before the audit could tell what it saw\n"
        "  got: exit status 9\n"
        "  to do: what is printed above says why; --no-tests looks at the job's files alone\n"
    )


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--no-tests", "--container"], "Error: --no-tests and --container exclude each other\n"),
        (["--force-build"], "Error: --force-build is for --container: without it there is no image\n"),
    ],
)
def test_options_that_exclude_each_other_are_refused(klio: Klio, new_job: Path, options: list[str], what: str):
    screen = klio("job", "audit", "-j", new_job, *options)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith(what)
