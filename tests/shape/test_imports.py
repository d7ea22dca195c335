"""Who may import whom: the table of the house, its rooms from the ground up, and no circles."""

from __future__ import annotations

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.shape.source import HOUSE, PACKAGES, ROOT, Import, Module, imports, modules

MAY_IMPORT = {
    "klio_core": {"pydantic", "pydantic_core", "yaml", "google.protobuf"},
    "klio": {"klio_core", "apache_beam"},
    "klio_exec": {"klio_core", "klio", "apache_beam", "click"},
    "klio_cli": {"klio_core", "click", "rich"},
    "examples": {"klio", "apache_beam", "numpy", "soundfile", "soxr", "librosa", "matplotlib"},
}

# The one file, or the one room, that speaks to a service or keeps a protocol.
MAY_IMPORT_TOO = {
    "klio/audio/": {"matplotlib", "numpy", "soundfile", "soxr"},
    "klio/data/checksum.py": {"google_crc32c"},
    "klio/data/gcs": {"google.api_core"},
    "klio/data/gcs_client.py": {"google.auth", "google.cloud.storage", "requests", "stamina", "urllib3"},
    "klio/events/pubsub.py": {"google.api_core", "google.auth", "google.cloud.pubsub"},
    "klio_cli/requirements.py": {"packaging"},
    "examples/separator/": {"demucs", "klio_core.errors", "pydantic", "pytest", "torch"},
    "examples/separator/callback/": {"stamina"},
    "examples/separator/serve.py": {"klio_core", "serving"},
    "examples/separator/serving/": {"klio_core", "serving"},
    "examples/separator/web/": {
        "click",
        "fastapi",
        "klio_core",
        "limits",
        "mutagen",
        "prometheus_client",
        "python_multipart",
        "starlette",
        "uvicorn",
        "web",
    },
    "klio_exec/audit/pytest_plugin.py": {"pytest"},
    "klio_exec/dataflow/launch.py": {"google.api_core"},
    "klio_exec/local/objects/digests.py": {"google_crc32c"},
    "klio_exec/local/pubsub/": {"grpc", "google.protobuf"},
    "klio_exec/local/pubsub/iam.py": {"google.iam"},
    "klio_exec/local/pubsub/wire.py": {"google.pubsub_v1"},
    "klio_exec/job_tests.py": {"pytest"},
    "klio_exec/pytest_plugin.py": {"pytest"},
}

# Only inside a function, so that `klio --help` stays quick and needs none of them.
MAY_IMPORT_LATE = {
    "klio/testing/__init__.py": {"klio_exec"},  # the door of all that tests import; what runs whole jobs is above it
    "klio_cli/backlog.py": {"grpc", "google.protobuf"},
    "klio_cli/container/run.py": {"docker", "requests"},
    "klio_cli/images/": {"docker"},
    "klio_cli/images/buildkit.py": {"google.protobuf"},
    "klio_cli/images/engine.py": {"requests", "urllib3"},
    "klio_cli/images/session.py": {"grpc"},
    "klio_cli/kubernetes/cluster.py": {"kubernetes", "urllib3"},
    "klio_cli/kubernetes/kubeconfig.py": {"kubernetes", "yaml"},
    "klio_cli/kubernetes/manifests.py": {"yaml"},
    "klio_cli/objects.py": {"google.api_core", "google.auth", "google.cloud.storage", "requests"},
    "klio_core/google_api.py": {"google.auth", "requests"},
    "klio_core/utils.py": {"google.api_core", "google.cloud.pubsub"},
    "klio_cli/pubsub.py": {"grpc", "google.api_core", "google.auth", "google.cloud.pubsub_v1", "google.pubsub_v1"},
}

# From the ground up: a room imports only rooms that stand before it. The longest name that fits is a file's room.
ROOMS = {
    "klio_core": (
        "errors faults exceptions variables finding job_files names proto message decision author_code status redact "
        "dead_letter config graph needs invocation local_state profiling lifeline mail runs run_log utils google_api "
        "elsewhere other_runners on_dataflow logging_api"
    ),
    "klio": (
        "utils metrics dotted audio data work events.pubsub events.dead_letters events.outbox events.status parents "
        "gate context events transforms message audio.transforms compat testing"
    ),
    "klio_exec": (
        "log blame unpicklable contract signals stop load options localise rooted by_mail resources first sample "
        "pipeline runners summary dataflow local run explain profile testing job_tests pytest_plugin test commands "
        "audit cli"
    ),
    "klio_cli": "* commands app",
}

HEAVY = ("apache_beam", "grpc", "google.cloud", "google.api_core", "docker", "kubernetes", "klio", "klio_exec")


@pytest.mark.parametrize("package", HOUSE)
def test_each_package_imports_only_what_the_table_of_the_house_allows(package: str) -> None:
    faults = [
        f"{module.at(found.line)} imports {found.name}: {package} may import {', '.join(sorted(MAY_IMPORT[package]))}"
        f" and the standard library; a service's client only in its one file"
        for module in modules(package)
        for found in imports(module)
        if not _allowed(module, found)
    ]
    assert not faults, "\n".join(faults)


def _allowed(module: Module, found: Import) -> bool:
    names = {module.package} | MAY_IMPORT[module.package] | _for(module, MAY_IMPORT_TOO)
    if not found.at_start:
        names |= _for(module, MAY_IMPORT_LATE)
    top = found.name.split(".")[0]
    # A job's directory is on the path when the job runs: its files are modules of their own.
    beside = module.package == "examples" and (ROOT / module.path).with_name(f"{top}.py").exists()
    return beside or top in sys.stdlib_module_names or any(found.is_of(name) for name in names)


def _for(module: Module, table: dict[str, set[str]]) -> set[str]:
    return {name for prefix, names in table.items() if str(module.path).startswith(prefix) for name in names}


@pytest.mark.parametrize("file", [*MAY_IMPORT_TOO, *MAY_IMPORT_LATE])
def test_every_exception_in_the_table_is_still_used(file: str) -> None:
    granted = (MAY_IMPORT_TOO | MAY_IMPORT_LATE)[file]
    found = [name for module in modules(*HOUSE) if str(module.path).startswith(file) for name in imports(module)]

    unused = {name for name in granted if not any(used.is_of(name) for used in found)}

    assert not unused, f"{file} no longer imports {', '.join(sorted(unused))}: take it out of the table"


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_import_only_rooms_below_them(package: str) -> None:
    order = ROOMS[package].split()
    faults = []
    for module in modules(package):
        here = _room(module.name, package, order)
        for found in imports(module):
            if not found.is_of(package) or module.name == package:
                continue
            there = _room(found.name, package, order)
            if order.index(there) > order.index(here):
                faults.append(f"{module.at(found.line)} imports {found.name}: {there} stands above {here} ({order})")
    assert not faults, "\n".join(faults)


def _room(name: str, package: str, order: list[str]) -> str:
    inside = name.removeprefix(f"{package}.")
    fitting = [room for room in order if inside == room or inside.startswith(f"{room}.")]
    assert fitting or name == package or "*" in order, f"{name} has no place among the rooms of {package}: {order}"
    return max(fitting, key=len, default=order[0])


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {module.name: module for module in modules(*PACKAGES)}
    graph = {name: _imported(module, set(known)) for name, module in known.items()}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("modules import each other: " + " <- ".join(error.args[1]))


def _imported(module: Module, known: set[str]) -> set[str]:
    """The modules behind a file's imports, those inside functions too: a name is a module, or lives in one."""
    found = set()
    for one in imports(module):
        name = one.name if one.name in known else one.name.rpartition(".")[0]
        if name in known and name != module.name:
            found.add(name)
    return found


@pytest.mark.parametrize("package", ["klio_core", "klio_cli"])
def test_importing_the_whole_hand_loads_no_beam_and_no_client_of_a_service(package: str) -> None:
    names = [module.name for module in modules(package) if "__main__" not in module.name]
    code = f"import sys, importlib; [importlib.import_module(name) for name in {names!r}]; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not set(HEAVY) & set(loaded)
