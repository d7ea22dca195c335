from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.kit import eventually

SITE = next(Path(path) for path in sys.path if path.endswith("site-packages"))


def klio_job_test(job: Path, *pytest_args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "klio_cli.app", "job", "test", "-j", str(job), "--", *pytest_args]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def hello(klio, tmp_path: Path) -> Path:
    klio("job", "create", "hello", "--output", tmp_path / "job")
    return tmp_path / "job"


def errors(screen: str) -> str:
    """What pytest shows of errors, without its own headlines."""
    between = screen.partition("= ERRORS =")[2].partition("= short test summary")[0].splitlines()
    return "\n".join(line for line in between if not line.startswith(("=", "_")))


@pytest.mark.slow
def test_a_new_job_passes_its_own_test(hello: Path):
    done = klio_job_test(hello, "-q")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.slow
def test_the_exit_status_is_that_of_pytest(hello: Path):
    (hello / "test_transforms.py").write_text("def test_fails():\n    assert 1 == 2\n")

    failing = klio_job_test(hello, "-q")

    assert failing.returncode == 1
    assert "assert 1 == 2" in failing.stdout


@pytest.mark.slow
def test_code_that_cannot_be_imported_is_shown_by_its_author_s_line_alone(hello: Path):
    (hello / "transforms.py").write_text("import klio\n\nimport nowhere_at_all\n")

    done, whole = klio_job_test(hello), klio_job_test(hello, "-v")

    assert (done.returncode, whole.returncode) == (2, 2)
    shown = errors(done.stdout).strip()
    assert shown.startswith(f"test_transforms.py cannot be imported\n  at: {hello}/transforms.py:3\n")
    assert "  got: ModuleNotFoundError: No module named 'nowhere_at_all'\n" in shown
    assert "    import nowhere_at_all\n" in shown
    assert shown.endswith("  to do: install it (nowhere_at_all), and add it to job-requirements.txt")
    assert len(shown.splitlines()) == 5
    assert "Traceback:" in errors(whole.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "line", "got"),
    [
        ("def run(in_pcol, config:\n    pass\n", 1, "SyntaxError: "),
        ("from klio.transforms import decorators\n\nretry = decorators.retry(tries=0)\n", 3, "RuntimeError: retry: "),
        ("MODELS = {}\n\nBEST = MODELS['best']\n", 3, "KeyError: 'best'"),
    ],
    ids=["syntax", "decorator", "raises"],
)
def test_so_is_a_run_py_that_a_test_imports(hello: Path, code: str, line: int, got: str):
    (hello / "run.py").write_text(code)
    (hello / "test_transforms.py").write_text("import run\n")

    done = klio_job_test(hello)

    assert done.returncode == 2
    assert f"  at: {hello}/run.py:{line}\n" in errors(done.stdout)
    assert f"  got: {got}" in errors(done.stdout)
    assert "importlib" not in errors(done.stdout)


@pytest.mark.slow
def test_a_job_without_tests_is_told_what_a_test_is(hello: Path):
    nothing_chosen = klio_job_test(hello, "-k", "no_such_test")
    (hello / "test_transforms.py").unlink()
    no_tests = klio_job_test(hello)

    assert (no_tests.returncode, nothing_chosen.returncode) == (5, 5)
    assert (
        "Error: the job has no tests\n"
        f"  at: {hello}\n"
        "  expected: functions test_… in files test_*.py\n"
        "  to do: write one: `klio job create` makes a job with test_transforms.py, which shows how\n"
    ) in no_tests.stdout
    assert (
        "Error: none of the job's tests was chosen\n  got: 1 left out by -k, -m or --deselect\n"
        in nothing_chosen.stdout
    )


@pytest.mark.slow
def test_tests_of_a_job_find_its_job_file_and_klio_s_fixtures_without_an_import(hello: Path):
    (hello / "test_transforms.py").write_text(
        "from klio.context import current\n"
        "from transforms import HelloKlio\n"
        "BOUND = current().config.job_name\n"
        "def test_fixtures(klio_config, klio_context, klio_message):\n"
        "    assert BOUND == klio_config.job_name == klio_context.config.job_name == 'hello'\n"
        "    raw = klio_message('ada').encode()\n"
        "    assert list(HelloKlio().process(raw)) == [raw]\n"
        "def test_whole(local_cloud):\n"
        "    job = local_cloud.job()\n"
        "    job.publish('ada')\n"
        "    job.drain()\n"
        "    assert job.verdicts == {'ada': 'committed'}\n"
    )
    before = {path.name for path in hello.iterdir()}

    done = klio_job_test(hello, "-q")

    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in hello.iterdir()} - before - {"__pycache__"} == {".pytest_cache"}


@pytest.mark.slow
def test_the_tests_end_when_the_command_is_gone(hello: Path):
    (hello / "test_transforms.py").write_text(
        "import os, time\n"
        "from pathlib import Path\n"
        "def test_long():\n"
        "    Path('pid').write_text(str(os.getpid()))\n"
        "    time.sleep(100)\n"
    )
    command = [sys.executable, "-m", "klio_cli.app", "job", "test", "-j", str(hello)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as klio_process:
        eventually(lambda: (hello / "pid").exists() and (hello / "pid").read_text())
        klio_process.kill()

    eventually(lambda: not Path(f"/proc/{(hello / 'pid').read_text()}").exists())


def test_a_job_file_that_cannot_be_used_is_told_of_before_any_test(hello: Path):
    (hello / "klio-job.yaml").write_text("job_name: hello\njob_config: {events: {inptus: []}}\n")

    done = klio_job_test(hello)

    assert (done.returncode, done.stdout) == (2, "")
    assert "klio-job.yaml:2: job_config.events.inptus" in done.stderr


def test_without_pytest_it_is_said_how_it_gets_there(hello: Path, tmp_path: Path):
    (tmp_path / "site").mkdir()
    for entry in SITE.iterdir():
        if "pytest" not in entry.name:
            (tmp_path / "site" / entry.name).symlink_to(entry)
    command = [sys.executable, "-S", "-m", "klio_exec.cli", "test", "-j", str(hello)]
    path = f"{tmp_path / 'site'}:{Path(__file__).parents[3]}"

    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": path})

    assert done.returncode == 5
    assert done.stderr == (
        "Error: what runs the tests is not installed here\n"
        "  expected: pytest\n"
        "  to do: pip install 'klio[exec]', which brings it; in an image, add that to job-requirements.txt\n"
    )


def test_without_a_job_there_is_nothing_to_test(klio, tmp_path: Path):
    screen = klio("job", "test", "-j", tmp_path)

    assert screen.status == 2
    assert screen.err.splitlines()[0] == "Error: there is no klio-job.yaml"


def test_an_image_cannot_be_built_for_tests_that_need_none(klio, hello: Path):
    screen = klio("job", "test", "-j", hello, "--force-build")

    assert screen.status == 2
    assert screen.err == "Error: --force-build is for --container: without it there is no image\n"


def test_without_an_engine_the_tests_are_not_run_elsewhere(klio, hello: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    screen = klio("job", "test", "-j", hello, "--container")

    assert (screen.status, screen.out) == (5, "")
    assert screen.err.startswith("Error: no container engine answers\n")
