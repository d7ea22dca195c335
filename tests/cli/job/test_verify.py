from __future__ import annotations

import re
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

BEAM = metadata.version("apache-beam")


@pytest.fixture
def job(klio, tmp_path: Path) -> Path:
    """A new job, which passes."""
    assert klio("job", "create", "hello", "--output", tmp_path / "job").status == 0
    return tmp_path / "job"


def test_a_good_job_passes_every_check(klio, job: Path):
    screen = klio("job", "verify", "--offline", "-j", job)

    assert (screen.status, screen.err) == (0, "")
    assert screen.out == (
        "✓ klio-job.yaml: hello, streaming\n"
        "✓ dead letters go to a directory\n"
        "✓ run.py: run(in_pcol, config)\n"
        "✓ every import of the job's modules is installed here\n"
        "✓ job-requirements.txt: all pinned\n"
        f"✓ Dockerfile: Beam {BEAM}, as installed here\n"
        "\n"
        "6 checks, 0 failed\n"
    )


def test_verification_imports_nothing_of_the_job(klio, job: Path):
    (job / "transforms.py").write_text("raise SystemExit('imported')")

    assert klio("job", "verify", "--offline", "-j", job).status == 0


def writes(name: str, text: str) -> Callable[[Path], object]:
    return lambda job: (job / name).write_text(text)


WRITE_RUN = "write `def run(in_pcol, config): …`"
FAULTS = {
    "no run.py": (
        lambda job: (job / "run.py").unlink(),
        "there is no run.py",
        "write one, with `def run(in_pcol, config): …`",
    ),
    "a syntax error": (writes("run.py", "def run(a, b):\n  ret urn a"), "run.py:2: invalid syntax", None),
    "no run()": (writes("run.py", "def walk(a, b): ..."), "run.py has no run()", WRITE_RUN),
    "one parameter": (writes("run.py", "\ndef run(a): ..."), "run.py:2: klio cannot call run(a)", WRITE_RUN),
    "three parameters": (
        writes("run.py", "def run(a, b, c): ..."),
        "run.py:1: klio cannot call run(a, b, c)",
        WRITE_RUN,
    ),
    "a keyword that must be given": (
        writes("run.py", "def run(a, b, *, c): ..."),
        "run.py:1: klio cannot call run(a, b, *, c)",
        WRITE_RUN,
    ),
    "a coroutine": (
        writes("run.py", "async def run(a, b): ..."),
        "run.py:1: klio cannot call run(a, b)",
        WRITE_RUN,
    ),
    "a module that is not installed": (
        writes("transforms.py", "import os.path\nfrom tensorflwo import keras\n"),
        "transforms.py:2: there is no module named tensorflwo",
        "install it (tensorflwo), and add it to job-requirements.txt",
    ),
    "a requirement without a version": (
        writes("job-requirements.txt", "# mine\nnumpy\nlibrosa==0.11.0 # pinned\nsoxr>=1\n"),
        "job-requirements.txt: not pinned: numpy, soxr>=1",
        "write the version with ==, so that tomorrow's image is today's",
    ),
    "another Beam in the image": (
        writes("Dockerfile", "FROM --platform=linux/amd64 apache/beam_python3.11_sdk:2.26.0\n"),
        f"Dockerfile: Beam 2.26.0, but {BEAM} is installed here",
        f"FROM apache/beam_python3.11_sdk:{BEAM}, or install apache-beam==2.26.0 here",
    ),
}


@pytest.mark.parametrize(("spoil", "what", "todo"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_what_to_do(klio, job: Path, spoil, what, todo):
    spoil(job)

    screen = klio("job", "verify", "--offline", "-j", job)

    lines = screen.out.splitlines()
    assert screen.status == 1
    assert f"✗ {what}" in lines
    assert [line for line in lines if line.startswith("✗")] == [f"✗ {what}"]
    assert todo is None or f"    to do: {todo}" in lines[lines.index(f"✗ {what}") + 1 :][:2]
    assert lines[-1] == "6 checks, 1 failed"


def test_a_private_key_among_what_the_image_is_built_from_is_a_fault(klio, job: Path):
    (job / "my-project-1a2b.yaml").write_text('key: "-----BEGIN ' + 'PRIVATE KEY-----\\nMII"')

    screen = klio("job", "verify", "--offline", "-j", job)

    assert screen.status == 1
    assert [line for line in screen.out.splitlines() if line.startswith(("✗", "    "))] == [
        "✗ my-project-1a2b.yaml: a private key would get into the image",
        "    to do: move it out of the job's directory, or name it in .dockerignore; a run gets credentials by a mount",
    ]


GOOD = {
    "run_basic": "def run_basic(in_pcol, config): ...",
    "defaults": "def run(a, b, c=1, *, d=2): ...",
    "any arguments": "def run(*args, **kwargs): ...",
    "imported": "from transforms import HelloKlio as run",
    "assigned": "run = lambda a, b: a",
    "an import that may fail": "try:\n    import nothere\nexcept ImportError:\n    pass\ndef run(a, b): ...",
    "an import that is not made yet": "def run(a, b):\n    import nothere",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_what_may_work_is_not_called_wrong(klio, job: Path, text: str):
    (job / "run.py").write_text(text)

    assert klio("job", "verify", "--offline", "-j", job).status == 0


def test_a_bad_job_file_is_exit_status_2_and_everything_else_is_still_checked(klio, job: Path):
    (job / "klio-job.yaml").write_text("job_name: hello\njob_confg: {}\n")

    screen = klio("job", "verify", "--offline", "-j", job)

    lines = screen.out.splitlines()
    assert (screen.status, screen.err) == (2, "")
    assert lines[0].startswith("✗ ")
    assert "job_confg" in screen.out
    assert f"{job}/klio-job.yaml:2" in screen.out
    assert lines[-1] == "5 checks, 1 failed"


def test_what_is_only_risky_is_a_warning(klio, job: Path):
    text = (job / "klio-job.yaml").read_text()
    (job / "klio-job.yaml").write_text(re.sub(r" *dead_letters:\n.*\n.*\n", "", text))

    screen = klio("job", "verify", "--offline", "-j", job)

    assert screen.status == 0
    assert (
        "! no dead_letters: what fails is kept under .klio, and only on the machine that it failed on\n" in screen.out
    )
    assert screen.out.splitlines()[-1] == "6 checks, 0 failed, 1 to think about"


LOST = "! dead letters are kept on the machine that the work fails on; on Dataflow that goes away, and they with it"


@pytest.mark.parametrize(
    ("letters", "lost"),
    [
        ("type: directory, location: dead", True),
        ("type: file, location: dead.jsonl", True),
        ("type: directory, location: gs://bucket/dead", False),
        ("type: pubsub, topic: projects/p/topics/dead", False),
    ],
)
def test_letters_that_dataflow_would_lose_are_a_warning(klio, job: Path, letters: str, lost: bool):  # noqa: FBT001 - what a table says
    text = (job / "klio-job.yaml").read_text().replace("DirectRunner", "DataflowRunner")
    (job / "klio-job.yaml").write_text(re.sub(r"dead_letters:\n.*\n.*\n", f"dead_letters: {{{letters}}}\n", text))

    screen = klio("job", "verify", "--offline", "-j", job)

    assert screen.status == 0
    assert (LOST in screen.out.splitlines()) == lost


def test_a_job_without_a_container_is_none_the_worse(klio, job: Path):
    (job / "Dockerfile").unlink()
    (job / "job-requirements.txt").unlink()

    screen = klio("job", "verify", "--offline", "-j", job)

    assert (screen.status, screen.out.splitlines()[-1]) == (0, "4 checks, 0 failed")


BAD_FILES = {
    "empty": "",
    "no YAML": "job_name: [",
    "a duplicate key": "job_name: a\njob_name: b\njob_config: {}\n",
    "an unknown runner": "job_name: a\npipeline_options: {runner: DirctRunner}\njob_config: {}\n",
    "a malformed topic": "job_name: a\njob_config: {events: {inputs: [{type: pubsub, topic: t}]}}\n",
    "a malformed bucket": "job_name: a\njob_config: {data: {outputs: [{type: gcs, location: /x}]}}\n",
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_job_file_is_one_fault_and_no_traceback(klio, job: Path, text: str):
    (job / "klio-job.yaml").write_text(text)

    screen = klio("job", "verify", "--offline", "-j", job)

    assert (screen.status, screen.err) == (2, "")
    assert "klio-job.yaml" in screen.out.splitlines()[0]
    assert screen.out.splitlines()[-1] == "5 checks, 1 failed"


def test_outputs_that_clash_are_found(klio, job: Path):
    place = "{type: file, location: out, file_suffix: .txt}"
    (job / "klio-job.yaml").write_text(f"job_name: j\njob_config:\n  data: {{inputs: [{place}], outputs: [{place}]}}\n")

    screen = klio("job", "verify", "--offline", "-j", job)

    assert screen.status == 2
    assert "the same place and file_suffix as job_config.data.inputs[0]\n" in screen.out


def test_another_beam_in_the_requirements_than_in_the_image_is_a_fault(klio, job: Path):
    (job / "job-requirements.txt").write_text("klio[exec]==26.11.0\napache-beam[gcp]==2.70.0\n")

    screen = klio("job", "verify", "--offline", "-j", job)

    assert screen.status == 1
    assert f"✗ job-requirements.txt: apache-beam 2.70.0, but the Dockerfile begins with Beam {BEAM}\n" in screen.out


def test_neighbours_that_fit_are_shown_in_their_order_and_those_that_do_not_are_a_fault(
    klio, job: Path, tmp_path: Path
):
    klio("job", "create", "after", "--output", tmp_path / "after")
    text = (tmp_path / "after" / "klio-job.yaml").read_text()
    text = text.replace("topics/after-input", "topics/hello-output").replace("klio-local-output/after", "others/after")
    (tmp_path / "after" / "klio-job.yaml").write_text(text)

    fine = klio("job", "verify", "--offline", "-j", job, "--with", tmp_path / "after")
    (tmp_path / "after" / "klio-job.yaml").write_text(text.replace("others/after", "klio-local-output/hello"))
    clash = klio("job", "verify", "--offline", "-j", job, "--with", tmp_path / "after")
    nothing = klio("job", "verify", "--offline", "-j", job, "--with", tmp_path / "nowhere")

    assert (fine.status, "✓ the graph: hello → after\n" in fine.out) == (0, True)
    assert clash.status == 1
    assert "✗ hello and after write gs://klio-local-output/hello/*.txt: whoever comes first" in clash.out
    assert (nothing.status, "✗ there is no such directory" in nothing.out) == (2, True)


def test_nothing_is_made_offline(klio, job: Path):
    screen = klio("job", "verify", "--offline", "--create-resources", "-j", job)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: --offline and --create-resources exclude each other\n")
