from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for


def klio_process(*argv: object) -> subprocess.CompletedProcess[str]:
    """The command as a process, whose child prints."""
    return subprocess.run([sys.executable, "-m", "klio_cli.app", *map(str, argv)], capture_output=True, text=True)


def test_jobs_of_a_graph_are_asked_in_order_and_nothing_is_sent(klio, tmp_path: Path):
    for name, parent in (("b", "a"), ("a", "source")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "klio-job.yaml").write_text(
            f"job_name: {name}\n"
            "job_config: {data: {"
            f"inputs: [{{type: file, location: ../{parent}/out}}], outputs: [{{type: file, location: out}}]}}}}\n"
        )
    (tmp_path / "source" / "out").mkdir(parents=True)
    (tmp_path / "source" / "out" / "x").touch()

    ran = klio_process("message", "explain", "x", "--graph", tmp_path, "--force")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "a: process\n"
        "  addressed  yes           the message is for a\n"
        "  ping       no\n"
        "  force      yes\n"
        "  output     not asked\n"
        "  input      found         ../source/out/x: there\n"
        "  row 9      yes  no  .  .  .  .  . │ process\n"
        "\n"
        "b: drop (input missing)\n"
        "  addressed  yes           the message is for b\n"
        "  ping       no\n"
        "  force      yes\n"
        "  output     not asked\n"
        "  input      missing       ../a/out/x: not there\n"
        "  parents    no            none makes what is missing\n"
        "  spent      no\n"
        '  row 8      yes  no  .  .  missing  no  . │ drop "input missing"\n'
    )


def test_a_job_that_has_never_run_is_explained_on_the_local_cloud(job: Path, config):
    ran = klio_process("message", "explain", "ada", "--local", "--top-down", "-j", job)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        f"{config.job_name}: process\n"
        "  addressed  yes           the message is for anyone\n"
        "  ping       no\n"
        "  force      no\n"
        f"  output     missing       gs://klio-local-output/{config.job_name}/ada.txt: not there\n"
        "  input      not declared\n"
        "  row 9      yes  no  .  .  .  .  . │ process\n"
    )


def test_flags_that_exclude_each_other_are_refused(klio, job: Path):
    screen = klio("message", "explain", "a", "--top-down", "--bottom-up", "-j", job)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == "Error: --top-down and --bottom-up exclude each other\n  to do: give one of them\n"


def test_an_element_that_nobody_can_publish_is_refused(klio, job: Path):
    screen = klio("message", "explain", "a\tb", "-j", job)

    assert (screen.status, screen.out) == (2, "")
    assert "the control character 0x09" in screen.err
