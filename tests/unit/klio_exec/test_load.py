from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from klio_core.errors import JobCodeError
from klio_exec.load import call_run, load_run

EXPECTED = "  expected: def run(in_pcol, config): … that returns a PCollection"


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Path]:
    """A job's directory; what it puts on the path and among the modules goes with it."""
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
    sys.modules.pop("run", None)


def error_of(job: Path, source: str | None) -> str:
    if source is not None:
        (job / "run.py").write_text(source)
    with pytest.raises(JobCodeError) as caught:
        load_run(job)
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_run_is_found(job: Path):
    (job / "run.py").write_text("def run(in_pcol, config):\n    return in_pcol\n")

    assert call_run(load_run(job), "events", None) == "events"


def test_run_basic_comes_before_run(job: Path):
    (job / "run.py").write_text("def run_basic(events, config):\n    return 'basic'\ndef run(events, config): ...\n")

    assert call_run(load_run(job), None, None) == "basic"


def test_modules_of_the_job_import_each_other(job: Path):
    (job / "its_own_helper.py").write_text("ANSWER = 42\n")
    (job / "run.py").write_text("import its_own_helper\ndef run(events, config):\n    return its_own_helper.ANSWER\n")

    assert call_run(load_run(job), None, None) == 42


def test_no_run_py(job: Path):
    assert error_of(job, None) == (
        f"the job has no run.py\n  at: {job}/run.py\n{EXPECTED}\n  to do: `klio job create` writes a working one"
    )


def test_a_syntax_error_is_shown_where_it_is(job: Path):
    assert error_of(job, "import os\n\ndef run(in_pcol, config)\n    return in_pcol\n") == (
        f"run.py cannot be imported\n  at: {job}/run.py:3\n      def run(in_pcol, config)\n"
        "  got: SyntaxError: expected ':'\n  to do: Python cannot read this line, or what is left open before it"
    )


def test_a_syntax_error_in_a_module_of_the_job_is_shown_there(job: Path):
    (job / "its_broken_module.py").write_text("x = (\n")

    assert error_of(job, "import its_broken_module\n") == (
        f"run.py cannot be imported\n  at: {job}/its_broken_module.py:1\n      x = (\n"
        "  got: SyntaxError: '(' was never closed\n"
        "  to do: Python cannot read this line, or what is left open before it"
    )


def test_a_module_that_is_not_installed_is_named(job: Path):
    assert error_of(job, "import os\nimport nobody_has_this\n") == (
        f"run.py cannot be imported\n  at: {job}/run.py:2\n      import nobody_has_this\n"
        "  got: ModuleNotFoundError: No module named 'nobody_has_this'\n"
        "  to do: install it (nobody_has_this), and add it to job-requirements.txt"
    )


def test_a_module_that_the_job_lists_needs_only_be_installed(job: Path):
    (job / "job-requirements.txt").write_text("klio[exec]==1\nnobody_has_this==2.0\n")

    assert error_of(job, "import nobody_has_this\n").endswith("\n  to do: pip install -r job-requirements.txt")


def test_what_is_raised_at_import_is_shown_at_its_line(job: Path):
    (job / "its_module.py").write_text("def f():\n    return 1 / 0\n")

    assert error_of(job, "import its_module\nits_module.f()\n") == (
        f"run.py cannot be imported\n  at: {job}/its_module.py:2\n      return 1 / 0\n"
        "  got: ZeroDivisionError: division by zero"
    )


def test_no_run_lists_the_functions_there_are(job: Path):
    assert error_of(job, "def runn(in_pcol, config): ...\ndef helper(): ...\n") == (
        f"run.py has no run()\n  at: {job}/run.py:1\n      def runn(in_pcol, config): ...\n{EXPECTED}\n"
        "  got: functions runn, helper\n  to do: rename runn() to run(), if it is meant"
    )


def test_what_is_not_at_all_like_run_is_not_offered(job: Path):
    assert error_of(job, "def walk(in_pcol, config): ...\n") == (
        f"run.py has no run()\n  at: {job}/run.py\n{EXPECTED}\n  got: functions walk"
    )


def test_a_syntax_error_of_a_text_that_the_code_reads_is_shown_at_the_line_that_reads_it(job: Path):
    assert error_of(job, "import ast\nTREE = ast.parse('x =')\n") == (
        f"run.py cannot be imported\n  at: {job}/run.py:2\n      TREE = ast.parse('x =')\n"
        "  got: SyntaxError: invalid syntax"
    )


def test_an_empty_run_py_has_no_function(job: Path):
    assert error_of(job, "") == f"run.py has no run()\n  at: {job}/run.py\n{EXPECTED}\n  got: no function at all"


@pytest.mark.parametrize(
    ("signature", "problem"),
    [
        ("(in_pcol)", "too many positional arguments"),
        ("()", "too many positional arguments"),
        ("(in_pcol, config, more)", "missing a required argument: 'more'"),
        ("(in_pcol, *, config)", "too many positional arguments"),
    ],
)
def test_a_signature_that_does_not_fit_is_shown(job: Path, signature: str, problem: str):
    assert error_of(job, f"\ndef run{signature}: ...\n") == (
        f"run() does not take what klio gives it\n  at: {job}/run.py:2\n      def run{signature}: ...\n"
        f"{EXPECTED}\n  got: run{signature}: {problem}"
    )


def test_what_run_raises_is_shown_at_the_authors_line_and_not_at_a_frameworks(job: Path):
    (job / "run.py").write_text(
        "import json\n\n\ndef read(text):\n    return json.loads(text)\n\n\n"
        "def run(in_pcol, config):\n    return read('no')\n"
    )
    run = load_run(job)

    with pytest.raises(JobCodeError) as caught:
        call_run(run, None, None)

    assert str(caught.value) == (
        f"run() raised\n  at: {job}/run.py:5\n      return json.loads(text)\n"
        "  got: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    )


def test_what_is_installed_below_the_job_is_not_the_authors(job: Path):
    installed = job / ".venv" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "some_framework.py").write_text("def call():\n    raise ValueError('deep inside')\n")
    (job / "run.py").write_text(
        f"import sys\nsys.path.append({str(installed)!r})\nimport some_framework\n\n\n"
        "def run(in_pcol, config):\n    return some_framework.call()\n"
    )
    run = load_run(job)

    with pytest.raises(JobCodeError) as caught:
        call_run(run, None, None)

    assert caught.value.where == f"{job}/run.py:7\n      return some_framework.call()"
