"""An image that stands for apache/beam_pythonX.Y_sdk, made of this machine's own files: nothing is pulled.

It holds this Python, a shell with a few tools, what starts a worker, and the distributions that a job's container
needs, with klio from this source tree among them, so that `pip install` finds all of them there.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from docker.errors import APIError
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGES = ("klio", "klio_core", "klio_exec", "klio_cli")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"usr/local/lib/python{VERSION}/site-packages"
TOOLS = "sh bash cat cp mv rm mkdir ln ls chmod echo printf env id sleep date true false head tail grep sed kill"
EXTRAS = {"klio": ("exec", "audio", "dataflow", "web"), "pip": (), "setuptools": ()}
LEFT_OUT = re.compile(
    r"(^|/)(tests?|idlelib|tkinter|turtledemo|ensurepip|config-[^/]*|(site|dist)-packages|__pycache__)(/|$)"
    r"|_tkinter|EXTERNALLY-MANAGED"
)
OF_EVERY_LINUX = re.compile(r"lib(stdc\+\+|gcc_s|m|mvec|atomic|nss_\w+|resolv|rt|dl|pthread|util)\.so\.")
DIRECTORIES = (
    "usr/bin", "usr/lib", "usr/lib64", "usr/local/bin", SITE, "opt/apache/beam",
    "etc", "proc", "sys", "dev", "root", "home",
)  # fmt: skip
BOOT = Path(__file__).parent / "boot.py"
START = "opt/apache/beam/boot"  # where Beam's own is, and its images begin
SCRIPT = "#!/usr/local/bin/python3\nimport sys\nfrom {module} import {name}\nsys.exit({name}())\n"


def make(client: Any, tag: str) -> None:
    """Import the image under that tag, unless it is there already, of the same files."""
    mark = _mark()
    if any(image.labels.get("klio.base") == mark for image in client.images.list(name=tag)):
        return
    with tempfile.TemporaryFile(dir="/var/tmp") as spool:
        with tarfile.open(fileobj=spool, mode="w") as archive:
            _Filler(archive).fill()
        spool.seek(0)
        repository, _, version = tag.rpartition(":")
        changes = ["ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 LD_LIBRARY_PATH=/usr/local/lib",
                   f'ENTRYPOINT ["/{START}"]', f"LABEL klio.base={mark}"]  # fmt: skip
        client.api.import_image_from_data(spool, repository=repository, tag=version, changes=changes)
    for old in client.images.list(filters={"dangling": True, "label": "klio.base"}):
        with suppress(APIError):  # one that another image or a container stands on
            client.images.remove(str(old.id))


def _mark() -> str:
    """What the image changes with: the distributions and klio's own source."""
    whole = hashlib.sha256(repr(sorted(f"{d.name}=={d.version}" for d in distributions())).encode())
    sources = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    for path in (*sources, BOOT, Path(__file__)):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def distributions(wanted: Mapping[str, tuple[str, ...]] = EXTRAS) -> list[metadata.Distribution]:
    """All distributions that these need, with their extras, themselves first; of a container for klio's jobs."""
    found: dict[str, metadata.Distribution] = {}
    todo = list(wanted.items())
    while todo:
        name, extras = todo.pop()
        distribution = metadata.distribution(name)
        if distribution.name in found and not extras:
            continue
        found[distribution.name] = distribution
        todo += [
            (needed.name, tuple(needed.extras))
            for needed in map(Requirement, distribution.requires or ())
            if (needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)))
            and (needed.name not in found or needed.extras)
        ]
    return list(found.values())


class _Filler:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._there: set[str] = set()

    def fill(self) -> None:
        self._directories()
        self._python()
        self._tools()
        self._settings()
        for distribution in distributions():
            self._distribution(distribution)

    def _directories(self) -> None:
        for name in ("bin", "sbin", "lib", "lib64"):
            self._link(name, f"usr/{name}")
        for name in DIRECTORIES:
            self._directory(name, 0o755)
        for name in ("tmp", "var/tmp"):
            self._directory(name, 0o1777)

    def _python(self) -> None:
        program = Path(sys.base_prefix) / "bin" / f"python{VERSION}"
        self._file(program.resolve(), f"usr/local/bin/python{VERSION}")
        for name in ("python3", "python"):
            self._link(f"usr/local/bin/{name}", f"python{VERSION}")
        library = Path(sysconfig.get_path("stdlib"))
        for path in sorted(library.rglob("*")):
            name = path.relative_to(library).as_posix()
            if path.is_file() and not LEFT_OUT.search(name):
                self._file(path, f"usr/local/lib/python{VERSION}/{name}")
        self._libraries([program.resolve(), *library.glob("lib-dynload/*.so")])

    def _tools(self) -> None:
        found = [Path(path) for name in TOOLS.split() if (path := shutil.which(name, path="/usr/bin:/bin"))]
        for path in found:
            self._file(path.resolve(), f"usr/bin/{path.name}")
        self._libraries(found)

    def _libraries(self, programs: list[Path]) -> None:
        """What they are linked with, and what wheels expect of every Linux."""
        linked = [line for program in programs for line in _lines("ldd", str(program))]
        known = [line for line in _lines("ldconfig", "-p") if OF_EVERY_LINUX.search(line)]
        for line in linked + known:
            path = re.search(r"(/\S+\.so[\d.]*)", line.rpartition("=>")[2])
            if path is not None:
                name = path[1].lstrip("/")
                inside = f"usr/local/lib/{Path(name).name}" if "libpython" in name else name
                self._file(Path(path[1]).resolve(), inside if inside.startswith("usr/") else f"usr/{inside}")

    def _settings(self) -> None:
        self._text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self._text("etc/group", "root:x:0:\n")
        self._text("etc/nsswitch.conf", "hosts: files dns\n")
        self._text("usr/local/bin/pip", SCRIPT.format(module="pip._internal.cli.main", name="main"), 0o755)
        self._text(START, BOOT.read_text(), 0o755)
        self._text("usr/local/bin/klioexec", SCRIPT.format(module="klio_exec.cli", name="main"), 0o755)
        self._text("usr/local/bin/klio", SCRIPT.format(module="klio_cli.app", name="main"), 0o755)

    def _distribution(self, distribution: metadata.Distribution) -> None:
        for path in distribution.files or ():
            if ".." not in path.parts and not path.name.startswith("__editable__") and path.suffix != ".pth":
                where = Path(str(path.locate()))
                if where.is_file():
                    self._file(where, f"{SITE}/{path.as_posix()}")
        if distribution.name == "klio":
            for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    inside = path.relative_to(ROOT).as_posix().removeprefix("klio/compat/")  # as pyproject.toml has it
                    self._file(path, f"{SITE}/{inside}")

    def _directory(self, name: str, mode: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, mode
        self._archive.addfile(entry)

    def _link(self, name: str, target: str) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._archive.addfile(entry)

    def _file(self, path: Path, name: str) -> None:
        if name in self._there:
            return
        self._there.add(name)
        entry = self._archive.gettarinfo(str(path), name)
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.type, entry.mode = tarfile.REGTYPE, 0o755 if path.stat().st_mode & 0o111 else 0o644
        entry.size = path.stat().st_size
        with path.open("rb") as file:
            self._archive.addfile(entry, file)

    def _text(self, name: str, text: str, mode: int = 0o644) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(text), mode
        self._archive.addfile(entry, io.BytesIO(text.encode()))


def _lines(*command: str) -> Iterator[str]:
    ran = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    yield from ran.stdout.splitlines()
