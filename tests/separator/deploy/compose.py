"""`docker compose`, of this machine or as `up` has unpacked it, over the separator's compose file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[3] / "examples" / "separator" / "deploy" / "compose.yaml"
_UNPACKED = Path(sys.executable).with_name("docker-compose")


def command(*arguments: str) -> list[str]:
    """Answer the command that does this with the compose file."""
    return [*_program(), "-f", str(FILE), *arguments]


def configured(**environment: str) -> dict[str, Any]:
    """Answer all that compose reads in the file, where nothing but these variables is set."""
    bare = {"PATH": os.environ["PATH"], "HOME": os.devnull}
    done = subprocess.run(
        command("config", "--format", "json"), env={**bare, **environment}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _program() -> list[str]:
    docker = shutil.which("docker")
    if docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0:
        return [docker, "compose"]
    assert _UNPACKED.exists(), "no `docker compose`: tests/separator/deploy/up sees to one"
    return [str(_UNPACKED)]
