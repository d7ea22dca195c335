"""The compose file of the separator: what it starts is there, and is asked for what it takes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from klio_core.invocation import Invocation

DEPLOY = Path(__file__).parents[3] / "examples" / "separator" / "deploy"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
DOCKERFILES = [DEPLOY.parent / name / "Dockerfile" for name in ("separate", "mix", "callback", "web")]


def _has_compose() -> bool:
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0


def test_all_that_the_separator_is_made_of_is_started():
    assert set(SERVICES) == {"cloud", "setup", "separate", "mix", "callback", "web"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_version_no_rights_and_an_image_that_is_built_here(name: str):
    service = SERVICES[name]
    assert re.fullmatch(r"klio-separator/\w+:\d+\.\d+\.\d+", service["image"])
    assert (service["user"], service["cap_drop"]) == ("1000:1000", ["ALL"])
    (build,) = {
        json.dumps(one["build"]) for one in SERVICES.values() if one["image"] == service["image"] and "build" in one
    }
    context = DEPLOY / json.loads(build)["context"]
    assert (context / json.loads(build).get("dockerfile", "Dockerfile")).is_file()


@pytest.mark.parametrize("name", ["separate", "mix", "callback"])
def test_klio_takes_the_arguments_of_a_worker(name: str):
    command, *arguments = [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", word) for word in SERVICES[name]["command"]]
    asked = Invocation.parse(arguments)
    assert (command, asked.direct_runner, asked.local) == ("run", True, False)


@pytest.mark.parametrize("file", DOCKERFILES, ids=[file.parent.name for file in DOCKERFILES])
def test_what_an_image_is_made_of_has_a_version(file: Path):
    (base,) = re.findall(r"^FROM (\S+)$", file.read_text(), re.MULTILINE)
    assert re.search(r":\d+\.\d+", base)
    requirements = next(
        path for name in ("job-requirements.txt", "requirements.txt") if (path := file.with_name(name)).exists()
    )
    lines = [line for line in requirements.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.search(r"==[\d.]+$", line)] == []


@pytest.mark.skipif(not _has_compose(), reason="needs docker compose")
def test_compose_itself_takes_it():
    done = subprocess.run(
        ["docker", "compose", "-f", DEPLOY / "compose.yaml", "config", "--quiet"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
