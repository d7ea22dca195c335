"""A newcomer's path, as they type it: each template becomes a job, its own test passes, and it works under --local."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from klio_cli.new_job.templates import KINDS

from .runs import PATIENCE_S

KLIO = [sys.executable, "-m", "klio_cli.app"]
TRACKS = "import synth; from pathlib import Path; synth.write_pieces(Path('tracks'), 2, 20.0)"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Newcomer:
    """Somebody at a terminal, in the directory of their job."""

    def __init__(self, home: Path, template: str) -> None:
        self.home = self.job = home
        named = ["--template", template] if template != "streaming" else []
        self.types("job", "create", "hello", "--use-defaults", *named)
        self.job = home / "hello"

    def types(self, *arguments: str) -> str:
        """What a command shows; it ends well."""
        done = self._run([*KLIO, *arguments])
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> None:
        assert self._run([sys.executable, "-c", code]).returncode == 0

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.job, capture_output=True, text=True, timeout=PATIENCE_S)

    @contextmanager
    def running(self, *flags: str) -> Iterator[None]:
        """The job, in their other terminal; it ends well too."""
        log = self.job / "other-terminal.txt"
        with log.open("w") as file:
            job = subprocess.Popen([*KLIO, "job", "run", "--local", *flags], cwd=self.job, stdout=file, stderr=file)
        try:
            yield
        finally:
            job.terminate()
            status = job.wait(PATIENCE_S)
        assert status == 0, log.read_text()

    def file(self, path: str) -> bytes:
        self.types("local", "cp", path, "fetched")
        return (self.job / "fetched").read_bytes()


@contextmanager
def newcomer(home: Path, template: str) -> Iterator[Newcomer]:
    somebody = Newcomer(home, template)
    try:
        yield somebody
    finally:
        somebody.types("local", "down")


def test_the_path_of_a_newcomer(tmp_path: Path) -> None:
    with newcomer(tmp_path, "streaming") as somebody:
        assert "1 passed" in somebody.types("job", "test")
        with somebody.running():
            followed = somebody.types("message", "publish", "--local", "hello", "--follow")

        assert followed.splitlines()[-1].startswith("hello  committed")
        assert somebody.file("gs://klio-local-output/hello/hello.txt") == b"Hello, hello!\n"


def test_a_job_for_kubernetes_works_on_this_machine_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with newcomer(tmp_path, "kubernetes") as somebody:
        assert "1 passed" in somebody.types("job", "test")
        with somebody.running("-O", f"job_config.health_port={port}"):
            followed = somebody.types("message", "publish", "--local", "hello", "--follow")

        assert followed.splitlines()[-1].startswith("hello  committed")
        assert somebody.file("gs://klio-local-output/hello/hello.txt") == b"Hello, hello!\n"


def test_a_batch_job_does_what_its_file_says(tmp_path: Path) -> None:
    with newcomer(tmp_path, "batch") as somebody:
        assert "1 passed" in somebody.types("job", "test")
        somebody.types("job", "run", "--local")

        made = {file.name: file.read_text() for file in (somebody.job / "output").iterdir()}
        assert made == {f"{name}.txt": f"Hello, {name}!\n" for name in ("one", "two", "three")}


def test_the_automixer_mixes_for_whoever_made_it_their_own(tmp_path: Path) -> None:
    with newcomer(tmp_path, "automixer") as somebody:
        assert "1 passed" in somebody.types("job", "test")
        somebody.python(TRACKS)
        somebody.types("local", "up")
        tracks = [f"tracks/piece-{number}.ogg" for number in (1, 2)]
        somebody.types("local", "cp", *tracks, "gs://klio-local-hello/tracks/")
        with somebody.running():
            followed = somebody.types("message", "publish", "--local", "piece-1.ogg,piece-2.ogg", "--follow")

        assert followed.splitlines()[-1].startswith("piece-1.ogg,piece-2.ogg  committed")
        assert somebody.file("gs://klio-local-hello/mixes/piece-1.ogg,piece-2.ogg.ogg").startswith(b"OggS")


def test_every_template_is_among_these_paths() -> None:
    source = Path(__file__).read_text()
    source += (Path(__file__).parents[1] / "separator" / "test_template.py").read_text()  # it needs PyTorch

    assert [name for name in KINDS if f'newcomer(tmp_path, "{name}")' not in source] == []


def test_a_wheel_carries_what_the_templates_are_made_of(tmp_path: Path) -> None:
    """Installed elsewhere, without the source tree: the same jobs come out."""
    root = Path(__file__).parents[2]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    built = subprocess.run(
        [*pip, "wheel", "--no-deps", "-w", str(tmp_path), str(root)], capture_output=True, text=True, timeout=200
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(tmp_path / "there"), str(wheel)], check=True)

    for place, packages in (("here", root), ("there", tmp_path / "there")):
        for name in KINDS:
            made = [*KLIO, "job", "create", "hello", "--template", name, "--output", str(tmp_path / f"{place}-{name}")]
            environment = {**os.environ, "PYTHONPATH": str(packages)}
            subprocess.run(made, env=environment, cwd=tmp_path, capture_output=True, check=True)
    for name in KINDS:
        assert texts(tmp_path / f"here-{name}") == texts(tmp_path / f"there-{name}")


def texts(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
