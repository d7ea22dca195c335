"""The tests that a page shows pass, as tests of a job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import blocks

PAGE = "docs/how-to/testing-a-job.md"


@pytest.mark.slow
def test_the_tests_of_the_page_about_testing_pass(tmp_path: Path) -> None:
    (job_file,) = blocks(PAGE, "yaml")
    (tmp_path / "klio-job.yaml").write_text(job_file.text)
    (tmp_path / "test_page.py").write_text("\n\n".join(block.text for block in blocks(PAGE, "python")))

    done = subprocess.run(
        [sys.executable, "-m", "klio_cli.app", "job", "test", "-j", str(tmp_path), "--", "-q"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " failed" not in done.stdout
