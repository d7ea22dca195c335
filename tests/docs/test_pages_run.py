"""The pages that one follows at a terminal, followed: each command is run, and shows what the page shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from klio_core import local_state
from tests.docs.pages import Block, blocks

PATIENCE_S = 60


@dataclass
class Reader:
    """Somebody who types what a page says. A streaming job that prints nothing yet runs on in a second terminal."""

    home: Path
    environment: dict[str, str]
    status: int = 0
    job: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.directory = self.home

    @property
    def _log(self) -> Path:
        """What the second terminal shows."""
        return self.home / "second-terminal.txt"

    def follow(self, block: Block) -> None:
        for command, shown in steps(block.text):
            if command.startswith("cd "):
                self.directory /= command[3:]
            elif command == "klio job run --local" and not shown:
                self._start(command)
            else:
                self._type(command, shown, block.place)

    def _type(self, command: str, shown: list[str], place: str) -> None:
        assert self.job is None or self.job.returncode is not None or self.job.poll() is None, self._log.read_text()
        ran = subprocess.run(
            ["bash", "-c", f"(exit {self.status}); {command}"],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        self.status = ran.returncode
        said = ran.stdout + ran.stderr
        assert missing(shown, said) == [], f"{place}: $ {command}\n{said}"

    def _start(self, command: str) -> None:
        with self._log.open("w") as log:
            self.job = subprocess.Popen(
                command.split(), cwd=self.directory, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + PATIENCE_S
        while local_state.read(self.directory) is None:
            assert self.job.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the local cloud did not come up"
            time.sleep(0.05)

    def press_ctrl_c(self, block: Block) -> None:
        assert self.job is not None
        self.job.send_signal(signal.SIGINT)
        self.job.wait(PATIENCE_S)
        said = self._log.read_text()
        assert missing(block.text.splitlines(), said) == [], f"{block.place}: after Ctrl-C\n{said}"

    def close(self) -> None:
        if self.job is not None and self.job.poll() is None:
            self.job.kill()
            self.job.wait()
        subprocess.run(
            ["klio", "local", "down"], cwd=self.directory, env=self.environment, capture_output=True, check=True
        )


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, and the lines that it is to show."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command, [line for line in shown if line.strip()]


def missing(shown: list[str], said: str) -> list[str]:
    """The lines that were to be shown and were not; an ellipsis stands for anything."""
    return [line for line in shown if not re.search(rf"^{_pattern(line)}\s*$", said, re.MULTILINE)]


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.rstrip().split("…")))


@contextmanager
def reader(directory: Path, **environment: str) -> Iterator[Reader]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    somebody = Reader(directory, {**os.environ, **environment, "PATH": path})
    try:
        yield somebody
    finally:
        somebody.close()


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for block in blocks("docs/tutorial.md", "console", "text"):
            if block.language == "text":
                somebody.press_ctrl_c(block)
            else:
                somebody.follow(block)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_job_of_ones_own_comes_about_as_the_page_says(tmp_path: Path) -> None:
    written = {}
    with reader(tmp_path) as somebody:
        for block in blocks("docs/own-job.md", "console", "python", "yaml"):
            if block.language == "console":
                for path, text in written.items() if (tmp_path / "bright").exists() else ():
                    (tmp_path / path).write_text(text)
                somebody.follow(block)
            else:
                written[block.text.splitlines()[0].removeprefix("# ")] = block.text


@pytest.mark.slow
def test_jobs_are_made_as_the_page_says(tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for block in blocks("docs/how-to/new-job.md", "console"):
            somebody.follow(block)


@pytest.mark.slow
def test_running_a_job_on_this_machine_does_what_the_page_says(tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for block in blocks("docs/how-to/run-here.md", "console"):
            somebody.follow(block)


@pytest.mark.slow
def test_a_job_is_audited_as_the_page_says(tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for block in blocks("docs/how-to/audit.md", "console"):
            somebody.follow(block)


@pytest.mark.slow
def test_dead_letters_are_seen_and_sent_again_as_the_page_says(tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for block in blocks("docs/how-to/dead-letters.md", "console"):
            somebody.follow(block)


@pytest.mark.slow
def test_a_job_bears_the_faults_of_its_cloud_as_the_page_says(tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for block in blocks("docs/how-to/faults.md", "console"):
            somebody.follow(block)


@pytest.mark.slow
def test_a_job_runs_against_an_emulator_of_ones_own_as_the_page_says(tmp_path: Path, pubsub_host: str) -> None:
    with reader(tmp_path, PUBSUB_EMULATOR_HOST=pubsub_host) as somebody:
        for block in blocks("docs/how-to/own-emulator.md", "console", "python"):
            if block.language == "python":
                subprocess.run([sys.executable, "-c", block.text], env=somebody.environment, check=True)
            else:
                somebody.follow(block)


@pytest.mark.slow
def test_jobs_that_feed_each_other_do_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "loud").mkdir()
    with reader(tmp_path) as somebody:
        for block in blocks("docs/how-to/graphs.md", "console", "python", "yaml"):
            if block.language == "console":
                somebody.follow(block)
            elif block.language == "yaml":
                (tmp_path / "loud" / "klio-job.yaml").write_text(block.text)
            else:
                (tmp_path / block.text.splitlines()[0].removeprefix("# ")).write_text(block.text)


@pytest.mark.slow
def test_a_job_is_profiled_as_the_page_says(tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        for block in blocks("docs/how-to/profile.md", "console"):
            somebody.follow(block)


def test_what_a_page_shows_is_compared_line_by_line() -> None:
    assert missing(["ada  …", "ok"], "ada  17\nok\n") == []
    assert missing(["ada  …", "o"], "ada  17\nok\n") == ["o"]
    assert list(steps("$ a\nx\n\n$ b\n")) == [("a", ["x"]), ("b", [])]
