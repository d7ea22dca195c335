"""The separator's compose file, as compose itself reads it: all it starts is there, and asked for what it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from klio_core.config import load
from klio_core.invocation import Invocation
from tests.separator.deploy import compose
from web.settings import Settings

SEPARATOR = compose.FILE.parents[1]
JOBS = ("separate", "mix", "callback")
SERVICES = ("network", "cloud", "setup", *JOBS, "web")
DOCKERFILES = [SEPARATOR / name / "Dockerfile" for name in (*JOBS, "web")]


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose.configured()["services"]
    return found


def test_all_that_the_separator_is_made_of_is_started(services: dict[str, dict[str, Any]]):
    assert set(services) == set(SERVICES)
    assert [name for name, one in services.items() if one.get("restart") != "unless-stopped"] == ["setup"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_version_no_rights_and_an_image_that_is_built_here(
    name: str, services: dict[str, dict[str, Any]]
):
    service = services[name]
    assert re.fullmatch(r"klio-separator/\w+:\d+\.\d+\.\d+", service["image"])
    assert (service["user"], service["cap_drop"]) == ("1000:1000", ["ALL"])
    assert (service["init"], service["security_opt"]) == (True, ["no-new-privileges:true"])
    (build,) = [one["build"] for one in services.values() if one["image"] == service["image"] and "build" in one]
    assert Path(build["context"], build["dockerfile"]).is_file()


def test_what_is_built_here_is_fetched_from_nowhere(services: dict[str, dict[str, Any]]):
    assert {name: one.get("pull_policy") for name, one in services.items()} == dict.fromkeys(SERVICES, "never")


def test_the_page_is_for_this_machine_and_what_stands_behind_it_for_nobody(services: dict[str, dict[str, Any]]):
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert list(published) == ["network"]
    assert [(one["host_ip"], one["published"], one["target"]) for one in published["network"]] == [
        ("127.0.0.1", "8080", 8080)
    ]
    assert {one.get("network_mode") for name, one in services.items() if name != "network"} == {"service:network"}
    assert services["web"]["environment"]["SEPARATOR_HOSTS"] == "[localhost, 127.0.0.1]"


def test_port_workers_and_memory_are_what_is_asked_for():
    services = compose.configured(PORT="8081", WORKERS="4", SEPARATE_MEMORY="12g")["services"]
    assert services["network"]["ports"][0]["published"] == "8081"
    assert "--workers=4" in services["separate"]["command"]
    assert services["separate"]["mem_limit"] == str(12 * 2**30)


def test_the_image_with_pytorch_is_made_of_what_the_environment_names():
    named = {"PIP_EXTRA_INDEX_URL": "https://builds.example/cpu", "MODEL": ""}
    assert compose.configured(**named)["services"]["separate"]["build"]["args"] == named
    dockerfile = (SEPARATOR / "separate" / "Dockerfile").read_text()
    assert set(re.findall(r"^ARG (\w+)", dockerfile, re.MULTILINE)) == set(named)


@pytest.mark.parametrize("name", [*JOBS, "web"])
def test_nothing_asks_the_cloud_before_all_that_it_needs_is_made_there(name: str, services: dict[str, dict[str, Any]]):
    after = {other: one["condition"] for other, one in services[name]["depends_on"].items()}
    assert (after["cloud"], after["setup"]) == ("service_healthy", "service_completed_successfully")


@pytest.mark.parametrize("name", JOBS)
def test_klio_takes_the_arguments_of_a_worker_and_it_may_finish_its_song(
    name: str, services: dict[str, dict[str, Any]]
):
    command, *arguments = services[name]["command"]
    asked = Invocation.parse(arguments)
    assert (command, asked.direct_runner, asked.local) == ("run", True, False)
    drain_s = load(SEPARATOR / name / "klio-job.yaml", overrides=asked.override).job_config.drain_timeout_s
    assert seconds(services[name]["stop_grace_period"]) > drain_s


def test_the_front_may_answer_what_it_has_been_asked(services: dict[str, dict[str, Any]]):
    assert seconds(services["web"]["stop_grace_period"]) > Settings().shutdown_s


def test_setup_sees_every_job_file(services: dict[str, dict[str, Any]]):
    mounted = {one["target"]: (Path(one["source"]), one["read_only"]) for one in services["setup"]["volumes"]}
    assert mounted == {f"/jobs/{job}.yaml": (SEPARATOR / job / "klio-job.yaml", True) for job in JOBS}


@pytest.mark.parametrize("file", DOCKERFILES, ids=[file.parent.name for file in DOCKERFILES])
def test_what_an_image_is_made_of_has_a_version(file: Path):
    (base,) = re.findall(r"^FROM (\S+)$", file.read_text(), re.MULTILINE)
    assert re.search(r":\d+\.\d+", base)
    requirements = next(
        path for name in ("job-requirements.txt", "requirements.txt") if (path := file.with_name(name)).exists()
    )
    lines = [line for line in requirements.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.search(r"==[\d.]+$", line)] == []


def seconds(said: str) -> float:
    """How long `1m15s` is."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([hms])", said))
