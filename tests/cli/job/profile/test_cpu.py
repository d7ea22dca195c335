from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.job.profile.conftest import Profile, column


@pytest.mark.slow
def test_the_time_is_shared_out_among_transforms_klio_and_beam(profile: Profile):
    done = profile("cpu", "-n", "4", "a", "b")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mix: 8 elements, ")
    shares = {name: int(said.split()[0]) for name, said in column(done.stdout, "share").items()}
    assert list(shares) == ["Mix", "Load", "klio", "Beam", "together"]
    assert shares.pop("together") == 100
    assert sum(shares.values()) in range(97, 104)  # each is rounded
    assert max(shares, key=shares.__getitem__) == "Mix"


@pytest.mark.slow
def test_the_tree_begins_at_the_authors_code(profile: Profile):
    tree = profile("cpu", "-n", "4", "a").stdout.partition("the job's code")[2]

    assert re.search(r"─ [\d.]+ Mix.process  transforms.py:\d+\n│? +[├└]─ [\d.]+ mixed  transforms.py:\d+\n", tree)
    assert "apache_beam" not in tree


@pytest.mark.slow
def test_the_whole_tree_is_written_as_a_page_and_for_speedscope(profile: Profile, mix: Path):
    profile("cpu", "--html", "cpu.html", "--speedscope", "cpu.json", "a")

    assert (mix / "cpu.html").read_text().lower().startswith("<!doctype html>")
    frames = json.loads((mix / "cpu.json").read_text())["shared"]["frames"]
    assert {"mixed", "Mix.process"} <= {frame["name"] for frame in frames}


@pytest.mark.slow
def test_programs_that_the_code_starts_are_counted_as_its_own(profile: Profile, mix: Path):
    code = mix / "transforms.py"
    spin = "import time\\nend = time.process_time() + 0.5\\nwhile time.process_time() < end: pass"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])".replace("\\\\", "\\")
    code.write_text(code.read_text().replace("        yield self._klio", f"        {starts}\n        yield self._klio"))

    done = profile("cpu", "a")

    assert float(column(done.stdout, "CPU")["Load"].split()[0]) >= 500
