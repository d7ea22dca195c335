"""Beam's own job service as a process: the stand-in for that of Flink or Spark."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .kit import eventually


@contextmanager
def job_service(directory: Path) -> Iterator[int]:
    """Beam's local job service as a process of its own, with its log in `directory`; answer its port."""
    command = ["-m", "apache_beam.runners.portability.local_job_service_main", "-p", "0", "--port_file"]
    file = directory / "port"
    with (directory / "service.log").open("wb") as log:
        popen = subprocess.Popen([sys.executable, *command, str(file)], stdout=log, stderr=log)
    try:
        yield int(eventually(lambda: file.exists() and file.read_text()) or 0)
    finally:
        popen.kill()
        popen.wait()
