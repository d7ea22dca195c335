"""The main job, from music to mix: `make demo`, or `make demo A=one.mp3 B=two.flac` with your own.

Everything goes through the `klio` command, as you would type it; each command is shown before it runs.
"""

import itertools
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mixer
import picture
import synth

from klio.audio.library import librosa

HERE = Path(__file__).resolve().parent
OUT = HERE / ".klio" / "demo"
DATA = "gs://klio-local-automixer"
STATES = ("committed", "passed on", "dropped", "dead letter")


@dataclass
class Row:
    """What came of one publish."""

    what: str
    element: str
    verdict: str
    seconds: float


def main(own: list[str]) -> int:
    """Run the demo; its exit status is 0 if every mix was made and every rule was kept."""
    started = time.monotonic()
    os.chdir(HERE)
    klio("local", "reset", "--yes", quiet=True)
    shutil.rmtree(OUT, ignore_errors=True)
    librosa()
    tracks = own_tracks([name for name in own if name]) or synth.write_pieces(OUT / "tracks", duration_s=30.0)
    pairs = [f"{first.name},{second.name}" for first, second in itertools.pairwise(tracks)]
    try:
        klio("local", "up")
        klio("local", "cp", *(str(track) for track in tracks), f"{DATA}/tracks/")
        with running_job():
            rows = publish("new pair", *pairs)
            rows += publish("the same again", pairs[0])
            rows += publish("with --force", pairs[0], "--force")
            rows += publish("with --ping", pairs[0], "--ping")
        klio("local", "cp", f"{DATA}/mixes/", f"{OUT}/mixes/", quiet=True)
    finally:
        klio("local", "down", quiet=True)
    mixes = sorted((OUT / "mixes").glob("*.ogg"))
    report(rows, mixes, draw(tracks, mixes), time.monotonic() - started)
    expected = ["committed"] * len(pairs) + ["passed on", "committed", "passed on"]
    return 0 if [row.verdict for row in rows] == expected and len(mixes) == len(pairs) else 1


def own_tracks(names: list[str]) -> list[Path]:
    """Copies of the files that were named. An event names two tracks with a comma between, so no name may hold one."""
    paths = [Path(os.environ.get("PWD", "."), name).resolve() for name in names]  # from where the demo was started
    missing = [path for path in paths if not path.is_file()]
    if missing or len(paths) == 1:
        sys.exit(f"two files, please: {missing[0]} is none" if missing else "two files, please: A=one.mp3 B=two.flac")
    copies = [OUT / "tracks" / f"{side}-{path.name.replace(',', '_')}" for side, path in zip("ab", paths, strict=False)]
    for path, copy in zip(paths, copies, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return copies


def klio(*arguments: str, quiet: bool = False) -> str:
    """Run one klio command to its end, and answer what it printed."""
    if not quiet:
        print(f"\n$ klio {shlex.join(arguments)}", flush=True)
    lines = []
    command = [sys.executable, "-m", "klio_cli.app", *arguments]
    errors = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if not quiet:
                print("  " + line, end="", flush=True)
    if process.returncode:
        sys.exit(f"klio {shlex.join(arguments)} ended with status {process.returncode}")
    return "".join(lines)


@contextmanager
def running_job() -> Iterator[None]:
    """The automixer, streaming in a process of its own, for as long as the block lasts."""
    print("\n$ klio job run --local &", flush=True)
    log = OUT / "job.log"
    with log.open("w") as file:
        job = subprocess.Popen(
            [sys.executable, "-m", "klio_cli.app", "job", "run", "--local"], stdout=file, stderr=file
        )
        try:
            yield
        finally:
            job.terminate()
            job.wait(90)
    print("\n" + log.read_text().strip())


def publish(what: str, *arguments: str) -> list[Row]:
    """Publish, follow each element to its end, and answer what came of it."""
    started = time.monotonic()
    last: dict[str, str] = {}
    for line in klio("message", "publish", "--local", "--follow", *arguments).splitlines():
        element, _, said = line.partition("  ")
        if said.strip().startswith(STATES):
            last[element] = next(state for state in STATES if said.strip().startswith(state))
    each = (time.monotonic() - started) / max(1, len(last))
    return [Row(what, element, verdict, each) for element, verdict in last.items()]


def draw(tracks: list[Path], mixes: list[Path]) -> Path | None:
    """A picture of the first mix: both tracks, their beats, and what became of them."""
    if not mixes:
        return None
    # The job keeps no report of a mix, and the same tracks give the same one again.
    report_of_mix = mixer.mix(tracks[0], tracks[1], OUT / "again.ogg")
    picture.draw(tracks[0], tracks[1], mixes[0], report_of_mix, OUT / "mix.png")
    return OUT / "mix.png"


def report(rows: list[Row], mixes: list[Path], drawn: Path | None, seconds: float) -> None:
    """Say what happened, where it is, and what to do next."""
    wide = max(len(row.element) for row in rows)
    print(f"\n{'published':<16}{'element':<{wide + 2}}{'verdict':<12}seconds")
    for row in rows:
        print(f"{row.what:<16}{row.element:<{wide + 2}}{row.verdict:<12}{row.seconds:7.1f}")
    print("\nListen:")
    for mix in mixes:
        print(f"  {mix}")
    if drawn:
        print(f"Look:\n  {drawn}")
    print(f"\nDone in {seconds:.0f} s. Next:")
    print("  make demo A=one.mp3 B=two.flac     mix your own")
    print("  source .venv/bin/activate          find the klio command")
    print("  cd examples/automixer              the job: 18 lines of code and a YAML file")
    print("  klio job create hello              make your own job")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
