"""Images on a real engine: from the command to a job's first element in its container, a build after a change, a size.

It takes a container engine and half a minute for an image that stands for Beam's own, so only `make bench` measures it.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import Distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from benchmarks.table import Row, check
from klio_cli.images import dockerfile, engine
from klio_core.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

_ROOT = Path(__file__).parents[1]
_JOB = "klio-benchmark"
_REPEATS = 7
_MEGABYTE = 1_000_000
_FIRST = "klio job run --direct-runner of an unchanged image: to its first element"
_WHOLE = "the same as a whole, three elements"
_BUILD = "klio image build after a change of the code"
_PACKAGES = "the automixer's packages that Beam's image does not hold"
_ADDED = "with what its image adds to packages: code, and what numba has compiled"
_SAYS_WHEN = """
import time
import apache_beam as beam
from klio.transforms import decorators


class HelloKlio(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        print(f"at {time.time()}", flush=True)
        with self._klio.upload(data.element) as path:
            path.write_text("done")
        yield data
"""
_WARM = """
import sys
from klio.audio import warm

print(warm.main() or "", *(getattr(module, "__cached__", "") for module in [*sys.modules.values()]), sep="\\n")
"""
# Of what klio's jobs need, what apache/beam_pythonX.Y_sdk brings along although Beam itself does not need it
# (github.com/apache/beam, sdks/python/container/py311/base_image_requirements.txt).
_IN_BEAMS_IMAGE = {
    "annotated-types", "click", "docker", "google-api-core", "google-apitools", "google-auth", "google-auth-httplib2",
    "google-cloud-core", "google-cloud-pubsub", "google-cloud-storage", "google-crc32c", "google-resumable-media",
    "googleapis-common-protos", "grpc-google-iam-v1", "grpcio-status", "iniconfig", "joblib", "oauth2client", "pluggy",
    "pyasn1", "pyasn1-modules", "pydantic", "pydantic-core", "pytest", "rsa", "scikit-learn", "scipy", "tenacity",
    "threadpoolctl",
}  # fmt: skip


def rows(*, short: bool) -> list[Row]:
    """Measure on the engine that answers; without one, say so."""
    if short:
        return [Row("images", "", "not measured: `make bench` does")]
    try:
        with engine.connected() as client:
            return _measured(client)
    except EngineError as error:
        return [Row("images", "", f"not measured: {error.what}; `tests/engine/up` sees to one")]


def _measured(client: DockerClient) -> list[Row]:
    from tests.engine import base_image

    values = dockerfile.template_values()
    base = f"apache/beam_python{values['python_version']}_sdk:{values['beam_version']}"
    base_image.make(client, base)
    with _job(client) as job:
        first, whole = _runs(job)
        built = _times(lambda: _rebuilt(job))
    return [
        Row(_FIRST, "≤ 4 s", f"{first:.1f} s"),
        Row(_WHOLE, "", f"{whole:.1f} s"),
        Row(_BUILD, "≤ 3 s", f"{built:.1f} s"),
        Row(_PACKAGES, "", f"{(packages := _packages()) / _MEGABYTE:.0f} MB"),
        Row(_ADDED, "≤ 250 MB", f"{(packages + _added(client, base)) / _MEGABYTE:.0f} MB"),
    ]


@contextmanager
def _job(client: DockerClient) -> Iterator[Path]:
    """A batch job of three elements, whose images are removed."""
    with TemporaryDirectory(prefix="klio-bench-") as home:
        _klio(home, "job", "create", _JOB, "--job-type", "batch")
        job = Path(home) / _JOB
        (job / "transforms.py").write_text(_SAYS_WHEN)
        _klio(job, "image", "build")
        try:
            yield job
        finally:
            _remove(client, _JOB)


def _runs(job: Path) -> tuple[float, float]:
    """Answer the medians (s) of how long it takes to the first element and to the end."""
    taken = [_run(job) for _ in range(_REPEATS + 1)][1:]
    return statistics.median(first for first, _ in taken), statistics.median(whole for _, whole in taken)


def _run(job: Path) -> tuple[float, float]:
    shutil.rmtree(job / "output", ignore_errors=True)  # else there is nothing to do
    began = time.time()
    said = _klio(job, "job", "run", "--direct-runner")
    ended = time.time()
    begins = [float(line.removeprefix("at ")) for line in said.splitlines() if line.startswith("at ")]
    check(len(begins) == 3, f"three elements were not worked on:\n{said}")
    return min(begins) - began, ended - began


def _rebuilt(job: Path) -> None:
    """Change the code, and build."""
    with (job / "transforms.py").open("a") as code:
        code.write("# changed\n")
    _klio(job, "image", "build")


def _times(work: Callable[[], None]) -> float:
    taken = []
    for _ in range(_REPEATS + 1):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def _packages() -> int:
    """Answer the bytes of the packages that the automixer's requirements add to Beam's image."""
    from tests.engine.base_image import distributions

    lines = (_ROOT / "examples/automixer/job-requirements.txt").read_text().splitlines()
    wanted = {asked.name: tuple(asked.extras) for asked in map(Requirement, lines)}
    there = {_plain(one) for one in distributions({"apache-beam": (), "pip": ()})} | _IN_BEAMS_IMAGE
    compiled = _compiled_by_the_warm_up()
    return sum(_size(one, compiled) for one in distributions(wanted) if _plain(one) not in there)


def _compiled_by_the_warm_up() -> set[str]:
    """Answer the .pyc files of the modules that are imported when the image is built; pip itself compiles nothing."""
    told = subprocess.run([sys.executable, "-c", _WARM], capture_output=True, text=True, check=True)
    return set(told.stdout.splitlines())


def _plain(distribution: Distribution) -> str:
    return distribution.name.lower().replace("_", "-")


def _size(distribution: Distribution, compiled: set[str]) -> int:
    paths = [Path(str(path.locate())) for path in distribution.files or () if ".." not in path.parts]
    paths = [path for path in paths if path.suffix != ".pyc" or str(path) in compiled]
    if distribution.name == "klio":  # from this source tree
        paths = [path for package in ("klio", "klio_core", "klio_exec", "klio_cli") for path in _files(_ROOT / package)]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())


def _added(client: DockerClient, base: str) -> int:
    """Answer by how much the automixer's image is larger than its base, which holds all packages."""
    with TemporaryDirectory(prefix="klio-bench-") as home:
        job = Path(home) / "automixer"
        shutil.copytree(_ROOT / "examples/automixer", job, ignore=shutil.ignore_patterns(".klio", "__pycache__"))
        try:
            image = _klio(job, "image", "build").strip()
            return _bytes(client, image) - _bytes(client, base)
        finally:
            _remove(client, "automixer")


def _bytes(client: DockerClient, image: str) -> int:
    told: Mapping[str, int] = client.images.get(image).attrs
    return told["Size"]


def _remove(client: DockerClient, job: str) -> None:
    for image in client.images.list(filters={"label": f"klio.job={job}"}):
        client.images.remove(str(image.id), force=True)


def _klio(directory: Path | str, *arguments: str) -> str:
    command = [sys.executable, "-m", "klio_cli.app", *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"klio {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
