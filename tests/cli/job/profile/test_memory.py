from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.job.profile.conftest import Profile, column


@pytest.mark.slow
def test_each_transform_has_its_peak_and_what_was_held_then_is_told_by_line(profile: Profile, mix: Path):
    done = profile("memory", "a", "b", "--html", "memory.html")

    assert done.returncode == 0, done.stderr
    growth = column(done.stdout, "growth")
    assert list(growth) == ["Mix", "Load"]  # the most first
    assert float(growth["Mix"].removesuffix(" MB")) >= 5  # of 10, some was there
    assert float(column(done.stdout, "peak memory")["Mix"].removesuffix(" MB")) > 50
    held = column(done.stdout, "memory")
    most = next(iter(held))
    line = next(n for n, code in enumerate((mix / "transforms.py").read_text().splitlines(), 1) if "held = [" in code)
    assert most.startswith(f"transforms.py:{line} ")
    assert 10 <= float(held[most].removesuffix(" MB")) < 12  # 100 objects of 100 kB
    assert "<!DOCTYPE html>" in (mix / "memory.html").read_text()


@pytest.mark.slow
def test_the_picture_shows_processors_memory_and_elements(profile: Profile, mix: Path):
    from matplotlib.image import imread

    done = profile("memory", "-n", "2", "a", "b", "--plot", "run.png")

    assert done.returncode == 0, done.stderr
    pixels = imread(mix / "run.png")[..., :3]
    height, width, _ = pixels.shape
    assert (width, height) == (1210, 715)
    thirds = [pixels[int(height * part) : int(height * (part + 0.25))] for part in (0.05, 0.4, 0.72)]
    assert [len({tuple(pixel) for row in third[::4] for pixel in row[::4]}) > 4 for third in thirds] == [True] * 3


@pytest.mark.slow
def test_a_line_of_code_has_what_it_holds(profile: Profile):
    done = profile("memory-lines", "a")

    line = next(line for line in done.stdout.splitlines() if "held = [" in line)
    _, memory, unit, parts, *code = line.split()
    assert (10 <= float(memory) < 12, unit, int(parts) >= 100) == (True, "MB", True)
    assert " ".join(code) == "held = [bytes(100_000) for _ in range(100)]"
    assert "_klio.download" not in done.stdout  # it is in no function that is marked


@pytest.mark.slow
def test_each_element_may_have_lines_of_its_own_and_the_exit_status_is_that_of_all(profile: Profile):
    done = profile("memory-lines", "--per-element", "broken", "a")

    assert done.returncode == 3
    titles = [line for line in done.stdout.splitlines() if line in ("a", "broken")]
    assert titles == ["broken", "a"]
    assert done.stdout.count("held = [") == 2
    assert "_klio.download" not in done.stdout
